// What a server shows of itself when TLS begins: what was agreed on, the certificates it has sent, and whether our client would have accepted
// them. Read from OpenSSL after a handshake that does not end for a certificate's sake.
// Bounds: `certificateLimit` certificates, `nameLimit` names each.

import Base
import COpenSSL
import Loop

/// TLS of a server.
public struct TLSReport: Sendable {
    /// A certificate of the chain.
    public struct Certificate: Sendable {
        public let subject: String
        public let issuer: String
        /// The names and addresses that it is for.
        public let names: [String]
        public let notBefore: Timestamp
        public let notAfter: Timestamp
        /// Such as `RSA` or `EC`.
        public let keyType: String
        public let keyBits: Int
        /// Such as `sha256WithRSAEncryption`.
        public let signature: String
        /// SHA-256 over the whole certificate, in hexadecimal.
        public let fingerprint: String
    }

    public static let certificateLimit = 10
    public static let nameLimit = 100

    /// Such as `TLSv1.3`.
    public let version: String
    public let cipher: String
    public let cipherBits: Int
    /// The server's own certificate first.
    public let certificates: [Certificate]
    /// Why our client would not accept the server; `nil` when it would.
    public let verifyFailure: String?
    /// Where the connection went.
    public let address: IPAddress

    init(_ session: TLSSession, address: IPAddress) {
        let ssl = unsafe session.ssl
        version = unsafe String(cString: SSL_get_version(ssl))
        let cipher = unsafe SSL_get_current_cipher(ssl)
        self.cipher = unsafe String(cString: SSL_CIPHER_get_name(cipher))
        cipherBits = Int(unsafe SSL_CIPHER_get_bits(cipher, nil))
        let count = min(Int(unsafe insula_chain_count(ssl)), TLSReport.certificateLimit)
        certificates = (0..<count).compactMap { at in
            guard let certificate = unsafe insula_chain_certificate(ssl, Int32(at)) else { return nil }
            return unsafe Certificate(certificate)
        }
        verifyFailure = session.verifyFailure
        self.address = address
    }
}

extension TLSReport.Certificate {
    fileprivate init(_ certificate: OpaquePointer) {
        subject = unsafe Self.text(X509_get_subject_name(certificate))
        issuer = unsafe Self.text(X509_get_issuer_name(certificate))
        names = unsafe Self.names(certificate)
        notBefore = unsafe Self.moment(X509_get0_notBefore(certificate))
        notAfter = unsafe Self.moment(X509_get0_notAfter(certificate))
        let key = unsafe X509_get0_pubkey(certificate)
        keyType = unsafe key.flatMap { unsafe EVP_PKEY_get0_type_name($0) }.map { unsafe String(cString: $0) } ?? "unknown"
        keyBits = unsafe key.map { Int(unsafe EVP_PKEY_get_bits($0)) } ?? 0
        signature =
            unsafe OBJ_nid2ln(X509_get_signature_nid(certificate)).map { unsafe String(cString: $0) } ?? "unknown"
        var digest = [UInt8](repeating: 0, count: 32)
        var length = UInt32(digest.count)
        _ = unsafe X509_digest(certificate, EVP_sha256(), &digest, &length)
        fingerprint = String(decoding: digest.flatMap { [hexadecimalDigit($0 >> 4), hexadecimalDigit($0 & 15)] }, as: UTF8.self)
    }

    /// A name such as `/C=NO/CN=example`, in OpenSSL's one line.
    private static func text(_ name: OpaquePointer?) -> String {
        var buffer = [CChar](repeating: 0, count: 1_024)
        guard let name = unsafe name, unsafe X509_NAME_oneline(name, &buffer, Int32(buffer.count)) != nil else { return "" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func moment(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return Timestamp(microseconds: 0) }
        return Timestamp(microseconds: Int64(unsafe timegm(&parts)) * 1_000_000)
    }

    private static func names(_ certificate: OpaquePointer) -> [String] {
        guard let list = unsafe insula_certificate_names(certificate) else { return [] }
        defer { unsafe insula_names_free(list) }
        let count = min(Int(unsafe insula_names_count(list)), TLSReport.nameLimit)
        var names: [String] = []
        for at in 0..<count {
            var type: Int32 = 0
            guard let value = unsafe insula_names_value(list, Int32(at), &type),
                let data = unsafe ASN1_STRING_get0_data(value)
            else { continue }
            let content = unsafe UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(value)))
            let bytes = unsafe Array(content)
            switch type {
            case GEN_DNS: names.append(String(decoding: bytes, as: UTF8.self))
            case GEN_IPADD: if let address = IPAddress(bytes: bytes) { names.append(address.description) }
            default: break
            }
        }
        return names
    }
}

extension IPAddress {
    /// Four or sixteen bytes, the first the most significant.
    public init?(bytes: [UInt8]) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }
}
