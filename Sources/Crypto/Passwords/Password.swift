// Passwords by argon2id (RFC 9106), stored as PHC strings. One hash takes tens of milliseconds and its full memory: callers run
// these functions on the bounded pool for blocking work, never on a loop. What a stored string may ask for is capped.

import Base
import CArgon2

/// Hashing and checking of passwords.
public enum Password {
    /// The lengths of a password in bytes that are hashed at all.
    public static let byteRange = 1...512
    static let saltByteCount = 16
    static let hashByteCount = 32

    /// A new PHC string for `password`, with a salt of its own.
    /// - Throws: `.invalid` for a length outside `byteRange`, `.overloaded` when the memory is not to be had,
    ///   `.internalError` for parameters outside their bounds.
    public static func hash(_ password: Secret, parameters: Parameters = .standard) throws(Fault) -> String {
        guard byteRange.contains(password.count) else {
            throw .invalid("password", "length", "A password has 1 to 512 bytes.")
        }
        let salt = Random.bytes(saltByteCount)
        let hash = try derive(password, salt: salt, parameters: parameters, byteCount: hashByteCount)
        return PasswordRecord(parameters: parameters, salt: salt, hash: hash).description
    }

    /// Whether `password` is the one of a stored PHC string. A length outside `byteRange` is simply not the one.
    /// - Throws: `.internalError` when `stored` is no PHC string of argon2id within the bounds of `Parameters`,
    ///   `.overloaded` when the memory is not to be had.
    public static func verify(_ password: Secret, against stored: String) throws(Fault) -> Bool {
        guard let record = PasswordRecord(stored) else {
            throw Fault(.internalError, "The password could not be checked.", cause: "a stored password hash is malformed")
        }
        guard byteRange.contains(password.count) else { return false }
        let hash = try derive(password, salt: record.salt, parameters: record.parameters, byteCount: record.hash.count)
        return constantTimeEqual(hash, record.hash)
    }

    /// Whether a stored string was made with less than `parameters` in any respect, or can't be read at all.
    public static func needsRehash(_ stored: String, parameters: Parameters = .standard) -> Bool {
        guard let record = PasswordRecord(stored) else { return true }
        return record.parameters.memoryKibibytes < parameters.memoryKibibytes
            || record.parameters.iterations < parameters.iterations || record.parameters.lanes != parameters.lanes
            || record.salt.count < saltByteCount || record.hash.count < hashByteCount
    }

    private static func derive(
        _ password: Secret, salt: [UInt8], parameters: Parameters, byteCount: Int
    ) throws(Fault) -> [UInt8] {
        guard parameters.isWithinBounds else {
            throw Fault(
                .internalError, "The password could not be hashed.", cause: "argon2 parameters out of bounds: \(parameters)")
        }
        var hash = [UInt8](repeating: 0, count: byteCount)
        let status = unsafe password.withBytes { password in
            unsafe salt.withUnsafeBytes { salt in
                unsafe hash.withUnsafeMutableBytes { hash in
                    unsafe argon2id_hash_raw(
                        UInt32(parameters.iterations), UInt32(parameters.memoryKibibytes), UInt32(parameters.lanes),
                        password.baseAddress, password.count, salt.baseAddress, salt.count, hash.baseAddress, hash.count)
                }
            }
        }
        guard status == ARGON2_OK.rawValue else {
            let lacksMemory = status == ARGON2_MEMORY_ALLOCATION_ERROR.rawValue || status == ARGON2_THREAD_FAIL.rawValue
            throw Fault(
                lacksMemory ? .overloaded : .internalError, "The password could not be hashed.",
                cause: "argon2 answered \(status)")
        }
        return hash
    }
}
