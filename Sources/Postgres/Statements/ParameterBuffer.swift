// The parameters of one Sync, encoded where libpq reads them: one run of bytes, and where each value begins and ends in it.
// Reused from call to call, so that a query allocates nothing for its parameters once the buffer has its size.
// Bounds: `Limits.laneQueueBytes` for all that is in flight on a lane; a buffer that grew past `keptBytes` is cut back when reset.

/// Encoded parameters of one or more statements.
@safe public final class ParameterBuffer {
    static let keptBytes = 256 << 10
    static let kept = 64

    @usableFromInline var bytes: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    /// The bytes written so far.
    @usableFromInline var count = 0
    /// Where each value begins; -1 for NULL.
    private(set) var starts: UnsafeMutablePointer<Int>
    private(set) var lengths: UnsafeMutablePointer<Int32>
    private(set) var formats: UnsafeMutablePointer<Int32>
    private(set) var pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private var valueCapacity: Int
    /// The values written so far.
    private(set) var valueCount = 0

    init() {
        capacity = 4096
        valueCapacity = ParameterBuffer.kept
        unsafe bytes = .allocate(capacity: capacity)
        unsafe starts = .allocate(capacity: valueCapacity)
        unsafe lengths = .allocate(capacity: valueCapacity)
        unsafe formats = .allocate(capacity: valueCapacity)
        unsafe pointers = .allocate(capacity: valueCapacity)
        unsafe formats.initialize(repeating: 1, count: valueCapacity)
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe starts.deallocate()
        unsafe lengths.deallocate()
        unsafe formats.deallocate()
        unsafe pointers.deallocate()
    }

    /// Forgets all values.
    @usableFromInline func reset() {
        count = 0
        valueCount = 0
        if capacity > ParameterBuffer.keptBytes {
            unsafe bytes.deallocate()
            capacity = 4096
            unsafe bytes = .allocate(capacity: capacity)
        }
    }

    // MARK: Values

    /// Appends `value` as the next parameter.
    @inlinable func appendValue<Value: PostgresParameter>(_ value: Value) {
        if value.isNull {
            endValue(from: -1)
        } else {
            let start = count
            value.write(into: self)
            endValue(from: start)
        }
    }

    @usableFromInline func endValue(from start: Int) {
        if valueCount == valueCapacity { growValues() }
        unsafe starts[valueCount] = start
        unsafe lengths[valueCount] = start < 0 ? 0 : Int32(count - start)
        valueCount += 1
    }

    /// The addresses of the values from `first` on, valid until the next append.
    func locate(from first: Int, count: Int) -> UnsafePointer<UnsafePointer<CChar>?> {
        let base = unsafe UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self)
        for at in first..<first + count {
            let start = unsafe starts[at]
            unsafe pointers[at] = start < 0 ? nil : base + start
        }
        return unsafe UnsafePointer(pointers + first)
    }

    private func growValues() {
        let larger = valueCapacity * 2
        func grown<Value>(_ old: UnsafeMutablePointer<Value>) -> UnsafeMutablePointer<Value> {
            let new = UnsafeMutablePointer<Value>.allocate(capacity: larger)
            unsafe new.moveInitialize(from: old, count: valueCount)
            unsafe old.deallocate()
            return unsafe new
        }
        unsafe starts = grown(starts)
        unsafe lengths = grown(lengths)
        unsafe pointers = grown(pointers)
        unsafe formats.deallocate()
        unsafe formats = .allocate(capacity: larger)
        unsafe formats.initialize(repeating: 1, count: larger)
        valueCapacity = larger
    }

    // MARK: Bytes

    /// Appends an integer in network order.
    @inlinable public func append<Value: FixedWidthInteger>(bigEndian value: Value) {
        let size = MemoryLayout<Value>.size
        if capacity - count < size { grow(by: size) }
        unsafe UnsafeMutableRawPointer(bytes + count).storeBytes(of: value.bigEndian, as: Value.self)
        count += size
    }

    /// Appends bytes as they are.
    @inlinable public func append(_ content: [UInt8]) {
        unsafe content.withUnsafeBufferPointer { unsafe append($0) }
    }

    /// Appends the UTF-8 of a text.
    @inlinable public func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append($0) }
    }

    @usableFromInline func append(_ content: UnsafeBufferPointer<UInt8>) {
        guard let base = content.baseAddress else { return }
        if capacity - count < content.count { grow(by: content.count) }
        unsafe (bytes + count).update(from: base, count: content.count)
        count += content.count
    }

    /// Appends an array of one dimension.
    @inlinable func appendArray<Element: PostgresParameter>(_ elements: [Element]) {
        append(bigEndian: Int32(elements.isEmpty ? 0 : 1))
        append(bigEndian: Int32(elements.contains { $0.isNull } ? 1 : 0))
        append(bigEndian: Element.postgresType.oid)
        guard !elements.isEmpty else { return }
        append(bigEndian: Int32(elements.count))
        append(bigEndian: Int32(1))
        for element in elements {
            if element.isNull {
                append(bigEndian: Int32(-1))
            } else {
                let place = count
                append(bigEndian: Int32(0))
                element.write(into: self)
                let length = Int32(count - place - 4)
                unsafe UnsafeMutableRawPointer(bytes + place).storeBytes(of: length.bigEndian, as: Int32.self)
            }
        }
    }

    @usableFromInline func grow(by more: Int) {
        let larger = max(capacity * 2, count + more)
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe new.update(from: bytes, count: count)
        unsafe bytes.deallocate()
        unsafe bytes = new
        capacity = larger
    }
}
