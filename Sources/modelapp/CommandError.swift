import KubernetesClient

/// Why a command failed that was called correctly: printed as it is, and the exit status is 1. A wrong command line is a
/// `ValidationError`, which prints the usage too, and its exit status is 64.
struct CommandError: Error, CustomStringConvertible {
    var message: String
    var description: String { message }

    init(_ message: String) { self.message = message }
}

/// Reads a file that the command line names; `-` is standard input.
func readFile(_ path: String) throws -> [UInt8] {
    do throws(KubernetesError) {
        guard let bytes = try FileReader.system.read(path == "-" ? "/dev/stdin" : path) else {
            throw KubernetesError(.configuration, "there is no file \(path)")
        }
        return bytes
    } catch {
        throw CommandError(error.message)
    }
}
