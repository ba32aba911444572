// Reading and writing arrays, for the paths where a copy does not matter. No pointer outlives a suspension here.

extension StreamSocket {
    /// Reads at least one byte and at most `limit`; empty at the end of the stream.
    public func read(upTo limit: Int) async throws(SocketFailure) -> [UInt8] {
        while true {
            var outcome: Result<Int?, SocketFailure> = .success(nil)
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                outcome = Result { () throws(SocketFailure) in try unsafe readNow(into: UnsafeMutableRawBufferPointer(buffer)) }
                count = (try? outcome.get()) ?? 0
            }
            if try outcome.get() != nil { return bytes }
            try await untilReadable()
        }
    }

    /// Writes all of `bytes`.
    public func write(_ bytes: [UInt8]) async throws(SocketFailure) {
        var sent = 0
        while sent < bytes.count {
            let outcome: Result<Int, SocketFailure> = unsafe bytes.withUnsafeBytes { all in
                Result { () throws(SocketFailure) in try unsafe writeNow(UnsafeRawBufferPointer(rebasing: all[sent...])) }
            }
            let count = try outcome.get()
            if count == 0 { try await untilWritable() }
            sent += count
        }
    }
}
