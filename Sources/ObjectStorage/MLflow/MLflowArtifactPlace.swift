import Artifacts
public import HTTPTransport

/// Where the files of a model version lie, as its registry says.
public enum MLflowArtifactPlace: Sendable, Hashable {
    /// Behind the tracking server, at this path.
    case server(path: String)
    /// In a bucket of S3.
    case s3(bucket: String, prefix: String)
    /// In a container of Azure Blob Storage.
    case azureBlob(account: String, container: String, prefix: String)

    /// Reads an address. It comes from outside: one that leads elsewhere than to the tracking server itself or to a store
    /// whose kind is known is refused.
    /// - Parameter server: the tracking server.
    public init(_ text: String, server: HTTPURL) throws(ObjectStoreError) {
        func refused(_ why: String) -> ObjectStoreError {
            ObjectStoreError(.rejected, "the files of the version lie at \"\(text.clipped)\", \(why)")
        }
        guard let colon = text.firstIndex(of: ":") else { throw refused("which is a path of the server's own disk") }
        let scheme = text[..<colon].lowercased()
        let rest = text[text.index(after: colon)...]
        let (authority, path) = Self.split(rest)
        guard !path.contains("?"), !path.contains("#") else { throw refused("which has a query") }
        let parts = path.split(separator: "/").map(String.init)
        guard parts.allSatisfy({ SafePath.isSafe($0) }) else { throw refused("which is no plain path") }
        let folder = parts.joined(separator: "/")
        switch scheme {
        case "mlflow-artifacts":
            guard authority.isEmpty || authority.lowercased() == server.authority else {
                throw refused("behind another server than \(server.origin)")
            }
            self = .server(path: folder)
        case "s3", "s3a", "s3n":
            guard !authority.isEmpty else { throw refused("which names no bucket") }
            self = .s3(bucket: authority, prefix: folder.isEmpty ? "" : folder + "/")
        case "wasbs", "wasb", "abfss", "abfs":
            let names = authority.split(separator: "@", omittingEmptySubsequences: false)
            guard names.count == 2, !names[0].isEmpty, let account = names[1].split(separator: ".").first else {
                throw refused("which names no container and account")
            }
            self = .azureBlob(
                account: String(account).lowercased(),
                container: String(names[0]),
                prefix: folder.isEmpty ? "" : folder + "/"
            )
        case "file": throw refused("which is a path of the server's own disk; start it with --artifacts-destination")
        default:
            throw refused("and \(scheme.clipped): is not read here; serve artifacts through the tracking server")
        }
    }

    private static func split(_ rest: Substring) -> (authority: String, path: Substring) {
        guard rest.hasPrefix("//") else { return ("", rest) }
        let text = rest.dropFirst(2)
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        return (String(text[..<slash]), text[slash...])
    }
}
