// The one bridge to iconv of the C library, for encodings that pages of the past are in. Cold: a page in UTF-8 never comes here.
// Each byte that iconv refuses becomes U+FFFD and is stepped over, so that the work is linear.

import Glibc

/// Converts legacy encodings to UTF-8.
enum HTMLConverter {
    private static let chunkBytes = 16 << 10

    /// `bytes` in UTF-8, or nil when the C library has no converter of that name.
    static func convert(_ bytes: ArraySlice<UInt8>, from name: String) -> [UInt8]? {
        guard let handle = unsafe iconv_open("UTF-8", name), unsafe handle != iconv_t(bitPattern: -1) else { return nil }
        defer { unsafe iconv_close(handle) }
        // iconv wants its input writable, though it never writes to it.
        var input = Array(bytes)
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        var out: [UInt8] = []
        out.reserveCapacity(input.count * 2)
        var consumed = 0
        while consumed < input.count {
            let step = unsafe advance(handle, &input, from: consumed, into: &chunk)
            out += chunk[..<step.written]
            consumed += step.read
            switch step.error {
            case 0, E2BIG: break
            case EILSEQ:
                out += HTMLBytes.replacement
                consumed += 1
            default:
                // The end cuts a character off.
                return out + HTMLBytes.replacement
            }
        }
        // Some converters hold the last character back until they are told that nothing follows.
        let written = unsafe flush(handle, into: &chunk)
        return out + chunk[..<written]
    }

    private static func advance(
        _ handle: iconv_t, _ input: inout [UInt8], from start: Int, into chunk: inout [UInt8]
    ) -> (read: Int, written: Int, error: Int32) {
        unsafe input.withUnsafeMutableBytes { source in
            unsafe chunk.withUnsafeMutableBytes { target in
                var from = unsafe source.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self)
                var to = unsafe target.baseAddress?.assumingMemoryBound(to: CChar.self)
                var fromLeft = source.count - start
                var toLeft = target.count
                let result = unsafe iconv(handle, &from, &fromLeft, &to, &toLeft)
                let error = result == Int(bitPattern: UInt.max) ? errno : 0
                return (source.count - start - fromLeft, target.count - toLeft, error)
            }
        }
    }

    private static func flush(_ handle: iconv_t, into chunk: inout [UInt8]) -> Int {
        unsafe chunk.withUnsafeMutableBytes { target in
            var to = unsafe target.baseAddress?.assumingMemoryBound(to: CChar.self)
            var toLeft = target.count
            _ = unsafe iconv(handle, nil, nil, &to, &toLeft)
            return target.count - toLeft
        }
    }
}
