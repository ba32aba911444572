// The few socket options that are used, with their varied argument types in one place.

import CLinux
import Glibc

enum SocketOptions {
    /// Small writes go out at once (TCP_NODELAY). Says nothing on a socket that has no such option.
    static func setNoDelay(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The error that the kernel holds for the socket, taken from it; 0 for none.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length)
        return value
    }
}
