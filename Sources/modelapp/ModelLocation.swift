import Artifacts
import HTTPTransport
import JSON
import ModelAppAPI

/// The folder of a model's version as a command line names it.
///
/// `s3://BUCKET/PREFIX/VERSION/`, `https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX/VERSION/`,
/// `oci://REGISTRY/REPOSITORY:TAG`, or the JSON of `spec.model` with the version beside it.
struct ModelLocation: Sendable {
    /// The store, and what belongs to a version.
    var source = ModelSource()
    /// The version's name.
    var version: String

    /// - Parameters:
    ///   - version: the name, where `text` is JSON.
    ///   - endpoint: another address of an S3 store.
    init(
        _ text: String,
        version: String? = nil,
        endpoint: String? = nil,
        region: String? = nil
    ) throws(CommandError) {
        if text.hasPrefix("{") {
            guard let version, !version.isEmpty else {
                throw CommandError("--model-version is needed where --model is JSON")
            }
            do {
                source = try ModelSource(json: JSONValue(parsing: text))
            } catch {
                throw CommandError("--model: \(error)")
            }
            self.version = version
            return
        }
        guard !text.contains("?"), !text.contains("#") else {
            throw CommandError("--model: a folder has no query; give keys in the environment")
        }
        if text.hasPrefix("s3://") {
            let (bucket, prefix, name) = try Self.split(text.dropFirst(5)[...])
            var s3 = S3Source()
            (s3.bucket, s3.prefix) = (bucket, prefix)
            s3.region = region ?? ""
            s3.endpoint = endpoint ?? ""
            source.s3 = s3
            self.version = name
        } else if text.hasPrefix("oci://") {
            let reference: ImageReference
            do throws(ArtifactError) {
                reference = try ImageReference(String(text.dropFirst(6)))
            } catch {
                throw CommandError("--model: \(error.message)")
            }
            guard let tag = reference.tag, reference.digest == nil else {
                throw CommandError(
                    "--model: \(text.clipped) needs a tag, and no digest; --digest says which it must have"
                )
            }
            var oci = OCIModelSource()
            oci.repository = reference.name
            source.oci = oci
            self.version = tag
        } else if let url = HTTPURL(text) {
            guard let path = HTTPURL.decode(url.path), let account = url.host.split(separator: ".").first,
                url.host.contains(".blob.")
            else { throw Self.unusable(text) }
            let (container, prefix, name) = try Self.split(path.dropFirst()[...])
            var azure = AzureBlobSource()
            (azure.account, azure.container, azure.prefix) = (String(account), container, prefix)
            if !url.host.hasSuffix(".blob.core.windows.net") { azure.endpoint = url.origin }
            source.azureBlob = azure
            self.version = name
        } else {
            throw Self.unusable(text)
        }
        if let version, version != self.version {
            throw CommandError("--model-version \(version.clipped) is not the folder that --model names")
        }
    }

    /// The first part, the folders between, and the last part.
    private static func split(_ path: Substring) throws(CommandError) -> (String, prefix: String, version: String) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.last == "" { parts.removeLast() }
        guard parts.count >= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw CommandError("--model: \"\(String(path).clipped)\" names no folder in a bucket or container")
        }
        let folders = parts.dropFirst().dropLast().map { $0 + "/" }.joined()
        return (parts[0], folders, parts[parts.count - 1])
    }

    private static func unusable(_ text: String) -> CommandError {
        CommandError(
            "--model: \"\(text.clipped)\" is no s3://BUCKET/FOLDER/ and no "
                + "https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER/ and no oci://REGISTRY/REPOSITORY:TAG; other stores by the JSON of spec.model"
        )
    }
}
