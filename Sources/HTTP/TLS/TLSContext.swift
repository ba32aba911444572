// TLS 1.2 and up by OpenSSL: the certificates of our server, which can be loaded anew while it runs, and the trust of our client,
// which is the system's store. ALPN offers and takes `http/1.1` alone, or is left out for what is not HTTP.

import Base
import COpenSSL
import Loop
import Synchronization

/// The configuration that TLS sessions are made from.
@safe public final class TLSContext: @unchecked Sendable {
    // The pointer is guarded by the mutex; OpenSSL counts references, so that sessions keep the context they began with.

    private let context: Mutex<Handle>
    private let files: (certificate: String, key: String)?

    @safe private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// The context of a server.
    /// - Parameters: PEM files of the certificate chain, leaf first, and of the private key.
    /// - Throws: `.invalid` naming the file that can't be used.
    public init(certificateFile: String, keyFile: String) throws(Fault) {
        files = (certificateFile, keyFile)
        context = unsafe Mutex(Handle(pointer: try TLSContext.makeServer(certificateFile, keyFile)))
    }

    /// The context of a client that verifies servers against the system's store, or against the certificates of `trustFile` alone.
    /// - Parameter offersHTTP: whether ALPN says that HTTP is what comes; other protocols go without ALPN.
    public init(trustFile: String? = nil, offersHTTP: Bool = true) throws(Fault) {
        files = nil
        guard let pointer = unsafe SSL_CTX_new(TLS_client_method()) else { throw TLSContext.fault("no context") }
        unsafe TLSContext.harden(pointer)
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        let trusted =
            if let trustFile {
                unsafe SSL_CTX_load_verify_file(pointer, trustFile)
            } else {
                unsafe SSL_CTX_set_default_verify_paths(pointer)
            }
        guard trusted == 1 else {
            unsafe SSL_CTX_free(pointer)
            throw TLSContext.fault("the trusted certificates can't be read")
        }
        if offersHTTP {
            let offered: [UInt8] = TLSContext.protocols
            unsafe SSL_CTX_set_alpn_protos(pointer, offered, UInt32(offered.count))
        }
        unsafe context = Mutex(Handle(pointer: pointer))
    }

    deinit {
        context.withLock { unsafe SSL_CTX_free($0.pointer) }
    }

    /// Reads the files again; new connections use what they hold now. On a fault the old certificates stay.
    public func reload() throws(Fault) {
        guard let files else { return }
        let fresh = unsafe Handle(pointer: try TLSContext.makeServer(files.certificate, files.key))
        context.withLock { handle in
            unsafe SSL_CTX_free(handle.pointer)
            handle = fresh
        }
    }

    /// A session of our server on an accepted socket.
    func session(for socket: StreamSocket) -> TLSSession? {
        unsafe make(socket) { ssl in
            unsafe SSL_set_accept_state(ssl)
            return true
        }
    }

    /// A session of our client that accepts no other peer than `host`.
    func session(for socket: StreamSocket, connectingTo host: String, isAddress: Bool) -> TLSSession? {
        unsafe make(socket) { ssl in
            // Without the name to check, any trusted certificate would do: each of these must succeed.
            if isAddress {
                guard unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 else { return false }
            } else {
                unsafe SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
                guard unsafe SSL_set1_host(ssl, host) == 1, unsafe insula_ssl_set_server_name(ssl, host) == 1 else {
                    return false
                }
            }
            unsafe SSL_set_connect_state(ssl)
            return true
        }
    }

    private func make(_ socket: StreamSocket, _ prepare: (OpaquePointer) -> Bool) -> TLSSession? {
        guard !socket.isClosed else { return nil }
        guard let ssl = context.withLock({ unsafe SSL_new($0.pointer).map { unsafe TLSSession.Handle(pointer: $0) } }) else {
            return nil
        }
        // From here on the session owns the pointer and frees it.
        let session = TLSSession(ssl, socket: socket)
        guard unsafe SSL_set_fd(ssl.pointer, socket.descriptor) == 1, unsafe prepare(ssl.pointer) else { return nil }
        return session
    }

    // MARK: Making

    /// `http/1.1` in ALPN's form: a length, then the name.
    static let protocols: [UInt8] = [8] + Array("http/1.1".utf8)

    private static func makeServer(_ certificate: String, _ key: String) throws(Fault) -> OpaquePointer {
        guard let pointer = unsafe SSL_CTX_new(TLS_server_method()) else { throw fault("no context") }
        unsafe harden(pointer)
        var problem: Fault?
        if unsafe SSL_CTX_use_certificate_chain_file(pointer, certificate) != 1 {
            problem = .invalid("INSULA_TLS_CERTIFICATE", "format", "The certificate chain can't be read from \(certificate).")
        } else if unsafe SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) != 1 {
            problem = .invalid("INSULA_TLS_KEY", "format", "The private key can't be read from \(key).")
        } else if unsafe SSL_CTX_check_private_key(pointer) != 1 {
            problem = .invalid("INSULA_TLS_KEY", "reference", "The private key does not belong to the certificate.")
        }
        ERR_clear_error()
        if let problem {
            unsafe SSL_CTX_free(pointer)
            throw problem
        }
        unsafe SSL_CTX_set_alpn_select_cb(
            pointer,
            { _, chosen, chosenLength, offered, offeredLength, _ in
                let ours = TLSContext.protocols
                var name: UnsafeMutablePointer<UInt8>?
                let result = unsafe SSL_select_next_proto(
                    &name, chosenLength, ours, UInt32(ours.count), offered, offeredLength)
                guard result == OPENSSL_NPN_NEGOTIATED, let at = unsafe name, let offered = unsafe offered else {
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                // The name must outlive this call: point into what the client offered, which does.
                for offset in 0..<Int(offeredLength) where unsafe offered[offset] == 8 {
                    if offset + 9 <= Int(offeredLength), unsafe memcmp(offered + offset + 1, at, 8) == 0 {
                        unsafe chosen?.pointee = offered + offset + 1
                        return SSL_TLSEXT_ERR_OK
                    }
                }
                return SSL_TLSEXT_ERR_ALERT_FATAL
            }, nil)
        return unsafe pointer
    }

    private static func harden(_ pointer: OpaquePointer) {
        unsafe insula_ssl_ctx_min_tls12(pointer)
        unsafe insula_ssl_ctx_server_modes(pointer)
        unsafe insula_ssl_ctx_options(pointer)
    }

    private static func fault(_ reason: String) -> Fault {
        Fault(.internalError, "TLS could not be set up.", cause: reason)
    }
}
