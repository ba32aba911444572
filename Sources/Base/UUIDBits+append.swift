// Appending the base32 spelling to bytes that are being written, without an allocation.

extension [UInt8] {
    /// Appends the 26 base32 characters of `bits`.
    public mutating func appendBase32(_ bits: UUIDBits) {
        let digits = bits.base32Bytes
        for at in 0..<26 { append(digits[at]) }
    }
}
