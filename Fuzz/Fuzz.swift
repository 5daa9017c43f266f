import Glibc

/// The driver of libFuzzer, which ends the process by itself.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Feeds one of the project's readers of hostile input with what libFuzzer finds. `scripts/fuzz` builds and runs it.
///
/// The reader is chosen by the variable FUZZ_TARGET; all arguments are libFuzzer's.
@main
struct Fuzz {
    /// A trap, a crash or a property that does not hold ends the process, which is what libFuzzer looks for.
    private static let target: FuzzTarget? = getenv("FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) }

    static func main() {
        guard target != nil else {
            print("FUZZ_TARGET must be one of " + FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))
            exit(64)
        }
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        let result = runDriver(&count, &arguments) { bytes, length in
            Fuzz.target?.read(Array(UnsafeBufferPointer(start: bytes, count: length)))
            return 0
        }
        exit(result)
    }
}
