/// An object of OpenSSL with its one owner.
struct OpenSSLHandle: ~Copyable, Sendable {
    // OpenSSL's objects belong to no thread, and a handle cannot be copied: whoever has it is alone with the object.
    nonisolated(unsafe) let pointer: OpaquePointer
    private let release: @Sendable (OpaquePointer) -> Void

    /// Takes over `pointer`; nil where the call that made it failed.
    init?(_ pointer: OpaquePointer?, _ release: @escaping @Sendable (OpaquePointer) -> Void) {
        guard let pointer else { return nil }
        self.pointer = pointer
        self.release = release
    }

    deinit { release(pointer) }
}
