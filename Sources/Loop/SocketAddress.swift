// Where a socket listens or dials: an IPv4 or IPv6 address with a port, or a path.

import CLinux
import Glibc

/// The address of a socket.
public enum SocketAddress: Sendable, Hashable {
    /// Four bytes in network order, and a port.
    case v4(InlineBytes4, port: UInt16)
    /// Sixteen bytes in network order, and a port.
    case v6(InlineBytes16, port: UInt16)
    /// A path in the file system.
    case unix(String)

    /// Four bytes, most significant first.
    public typealias InlineBytes4 = UInt32
    /// Two halves of eight bytes, most significant first.
    public struct InlineBytes16: Sendable, Hashable {
        public let high: UInt64
        public let low: UInt64

        public init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    /// The port, 0 for a path.
    public var port: UInt16 {
        switch self {
        case .v4(_, let port), .v6(_, let port): port
        case .unix: 0
        }
    }

    var family: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the kernel's form of this address.
    func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let length = unsafe withUnsafeMutableBytes(of: &storage) { bytes in unsafe fill(bytes) }
        return unsafe withUnsafeBytes(of: &storage) { bytes in
            unsafe body(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
    }

    private func fill(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
        switch self {
        case .v4(let address, let port):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = address.bigEndian
            unsafe bytes.storeBytes(of: form, as: sockaddr_in.self)
            return MemoryLayout<sockaddr_in>.size
        case .v6(let address, let port):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            unsafe bytes.storeBytes(of: form, as: sockaddr_in6.self)
            let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
            unsafe bytes.storeBytes(of: address.high.bigEndian, toByteOffset: offset, as: UInt64.self)
            unsafe bytes.storeBytes(of: address.low.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
            return MemoryLayout<sockaddr_in6>.size
        case .unix(let path):
            unsafe bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            let text = Array(path.utf8)
            precondition(text.count < 108, "a socket's path has at most 107 bytes")
            for (at, byte) in text.enumerated() { unsafe bytes[2 + at] = byte }
            return 2 + text.count + 1
        }
    }

    /// Reads the kernel's form; `nil` for a family that is none of ours.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        let family = Int32(storage.ss_family)
        let read: SocketAddress? = unsafe withUnsafeBytes(of: &storage) { bytes in
            switch family {
            case AF_INET:
                let form = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
                return .v4(UInt32(bigEndian: form.sin_addr.s_addr), port: UInt16(bigEndian: form.sin_port))
            case AF_INET6:
                let form = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
                let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
                let high = UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let low = UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
                return .v6(InlineBytes16(high: high, low: low), port: UInt16(bigEndian: form.sin6_port))
            case AF_UNIX:
                return .unix("")
            default:
                return nil
            }
        }
        guard let read else { return nil }
        self = read
    }
}
