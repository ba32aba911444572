// What the fuzz targets share. Each target is compiled with this file by `ops/fuzz`, outside of the package's own build, since it
// has libFuzzer's `main`. A target states what must hold for every input; a trap is a finding.

/// The bytes that libFuzzer hands over.
struct Input {
    let bytes: [UInt8]
    /// How the bytes are cut into pieces: the first byte of the input, which is none of `bytes`.
    private let cutting: Int

    init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        let all = unsafe Array(UnsafeBufferPointer(start: start, count: count))
        cutting = Int(all.first ?? 0)
        bytes = Array(all.dropFirst())
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The offsets at which pieces end, the last one at the end of `count` bytes.
    func cuts(_ count: Int) -> [Int] {
        Array(stride(from: 1 + cutting % 7, to: count, by: 1 + cutting / 7)) + [count]
    }
}

/// Ends the run with a finding when `condition` does not hold.
func hold(_ condition: Bool, _ sentence: @autoclosure () -> String) {
    if !condition { fatalError(sentence()) }
}
