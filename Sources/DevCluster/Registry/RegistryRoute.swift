import Artifacts
import HTTPTransport

/// Which end point of the registry a path names.
enum RegistryRoute: Sendable, Hashable {
    case base
    case catalog
    case tags(String)
    case manifest(String, reference: String)
    case blob(String, digest: String)
    case startUpload(String)
    case upload(String, id: String)
    case referrers(String, digest: String)
    /// The token service of the distribution specification.
    case token
    /// Azure Container Registry: Entra ID token to refresh token.
    case azureExchange
    /// Azure Container Registry: refresh token to access token.
    case azureToken
    /// Azure Container Registry: tags with dates.
    case azureTags(String)
    /// Azure Container Registry: one tag with dates.
    case azureTag(String, tag: String)

    /// Nil where the path is none of the registry's. Throws `NAME_INVALID`.
    init?(path: String) throws(RegistryFailure) {
        var segments: [String] = []
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let segment = HTTPURL.decode(part), !segment.contains("/") else { return nil }
            segments.append(segment)
        }
        switch segments {
        case ["v2"], ["v2", ""]: self = .base
        case ["v2", "_catalog"]: self = .catalog
        case ["token"]: self = .token
        case ["oauth2", "exchange"]: self = .azureExchange
        case ["oauth2", "token"]: self = .azureToken
        case _ where segments.starts(with: ["acr", "v1"]): try self.init(azure: Array(segments.dropFirst(2)))
        case _ where segments.first == "v2": try self.init(repository: Array(segments.dropFirst()))
        default: return nil
        }
    }

    private init?(repository segments: [String]) throws(RegistryFailure) {
        guard segments.count >= 3 else { return nil }
        let last = segments[segments.count - 1]
        let kind = segments[segments.count - 2]
        func name(droppingLast count: Int) throws(RegistryFailure) -> String {
            try RegistryRoute.name(segments.dropLast(count))
        }
        switch (kind, last) {
        case ("tags", "list"): self = .tags(try name(droppingLast: 2))
        case ("blobs", "uploads"): self = .startUpload(try name(droppingLast: 2))
        case ("uploads", "") where segments.count >= 4 && segments[segments.count - 3] == "blobs":
            self = .startUpload(try name(droppingLast: 3))
        case ("uploads", _) where segments.count >= 4 && segments[segments.count - 3] == "blobs":
            self = .upload(try name(droppingLast: 3), id: last)
        case ("blobs", _): self = .blob(try name(droppingLast: 2), digest: last)
        case ("manifests", _): self = .manifest(try name(droppingLast: 2), reference: last)
        case ("referrers", _): self = .referrers(try name(droppingLast: 2), digest: last)
        default: return nil
        }
    }

    private init?(azure segments: [String]) throws(RegistryFailure) {
        if segments.count >= 2, segments.last == "_tags" {
            self = .azureTags(try RegistryRoute.name(segments.dropLast()))
        } else if segments.count >= 3, segments[segments.count - 2] == "_tags", let tag = segments.last {
            self = .azureTag(try RegistryRoute.name(segments.dropLast(2)), tag: tag)
        } else {
            return nil
        }
    }

    private static func name(_ segments: ArraySlice<String>) throws(RegistryFailure) -> String {
        let name = segments.joined(separator: "/")
        // The grammar of names is that of references; the host is only there to keep defaults away.
        guard let reference = try? ImageReference("registry.invalid/" + name), reference.repository == name,
            reference.tag == nil, reference.digest == nil
        else { throw .nameInvalid(name) }
        return name
    }
}
