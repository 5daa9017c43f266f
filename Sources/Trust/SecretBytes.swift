import COpenSSL

/// Bytes that are overwritten when the last owner lets go of them: files with private keys, passwords.
///
/// Prints as `<redacted>`. What was copied out of it, or existed before, is beyond its reach.
public final class SecretBytes: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // Written in `init` and in `deinit` only, so that sharing it between tasks is safe.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// A copy of `bytes`.
    public init(_ bytes: some Collection<UInt8>) {
        storage = .allocate(byteCount: bytes.count, alignment: 1)
        storage.copyBytes(from: bytes)
    }

    /// The UTF-8 of `text`.
    public convenience init(_ text: String) { self.init(Array(text.utf8)) }

    deinit {
        OPENSSL_cleanse(storage.baseAddress, storage.count)
        storage.deallocate()
    }

    /// How many bytes there are.
    public var count: Int { storage.count }

    /// Lends the bytes to `body`, which must not keep them.
    public func withUnsafeBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(UnsafeRawBufferPointer(storage))
    }

    /// `<redacted>`.
    public var description: String { "<redacted>" }
    /// `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
