// One TLS connection over a non-blocking socket. OpenSSL reads and writes the descriptor itself; when it has to wait it says for what,
// and the socket does the waiting. Used on its loop's own thread.

import COpenSSL
import Loop

@safe final class TLSSession {
    @safe struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    let ssl: OpaquePointer
    private let socket: StreamSocket

    init(_ handle: Handle, socket: StreamSocket) {
        unsafe ssl = handle.pointer
        self.socket = socket
    }

    deinit {
        unsafe SSL_free(ssl)
    }

    /// Runs the handshake to its end, within the socket's deadline.
    func handshake() async throws(SocketFailure) {
        while true {
            // OpenSSL knows the descriptor by its number, which is somebody else's once the socket is closed.
            guard !socket.isClosed else { throw .closed }
            ERR_clear_error()
            let result = unsafe SSL_do_handshake(ssl)
            if result == 1 { return }
            try await wait(for: result)
        }
    }

    /// Why the peer's certificate was not accepted, in OpenSSL's words; `nil` when it was.
    var verifyFailure: String? {
        let code = unsafe SSL_get_verify_result(ssl)
        guard code != X509_V_OK else { return nil }
        return unsafe String(cString: X509_verify_cert_error_string(code))
    }

    /// Reads decrypted bytes without suspending: `nil` for nothing yet, 0 for the end.
    func readNow(into buffer: UnsafeMutableRawBufferPointer) throws(SocketFailure) -> Int? {
        guard !socket.isClosed else { throw .closed }
        ERR_clear_error()
        let count = unsafe SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        if count > 0 { return Int(count) }
        switch unsafe SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ:
            socket.awaitReadable()
            return nil
        case SSL_ERROR_ZERO_RETURN: return 0
        default: throw .closed
        }
    }

    /// Encrypts and writes without suspending; 0 when the socket has no room.
    func writeNow(_ bytes: UnsafeRawBufferPointer) throws(SocketFailure) -> Int {
        guard !socket.isClosed else { throw .closed }
        guard unsafe !bytes.isEmpty else { return 0 }
        ERR_clear_error()
        let count = unsafe SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
        if count > 0 { return Int(count) }
        guard unsafe SSL_get_error(ssl, count) == SSL_ERROR_WANT_WRITE else { throw .closed }
        socket.awaitWritable()
        return 0
    }

    /// Sends the closing alert.
    func finishWriting() {
        guard !socket.isClosed else { return }
        ERR_clear_error()
        unsafe SSL_shutdown(ssl)
    }

    private func wait(for result: Int32) async throws(SocketFailure) {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            socket.awaitReadable()
            try await socket.untilReadable()
        case SSL_ERROR_WANT_WRITE:
            socket.awaitWritable()
            try await socket.untilWritable()
        default:
            throw .closed
        }
    }
}
