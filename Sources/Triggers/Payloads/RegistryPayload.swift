import JSON

/// What registries send about themselves.
enum RegistryPayload {
    private static let acrActions: Set<String> = ["push", "delete", "chart_push", "chart_delete"]

    /// A webhook of Azure Container Registry, or the data of its event in Event Grid (container-registry-webhook-reference).
    static func acr(_ json: JSONValue) -> [Notice] {
        guard let action = json["action"]?.string, acrActions.contains(action),
            let repository = json["target"]?["repository"]?.string
        else { return [] }
        return [.image(registry: json["request"]?["host"]?.string?.lowercased(), repository: repository)]
    }

    /// An envelope of the distribution registry (distribution, `docs/about/notifications.md`).
    ///
    /// Layers and the parts of an index are pushed without a tag and change nothing that is selected from. The registry
    /// knows itself by an internal name often, so its host is not compared.
    static func distribution(_ json: JSONValue) -> [Notice] {
        (json["events"]?.array ?? []).compactMap { event in
            guard let target = event["target"], let repository = target["repository"]?.string else { return nil }
            switch event["action"]?.string {
            case "push" where target["tag"]?.string?.isEmpty == false, "delete":
                return .image(registry: nil, repository: repository)
            default: return nil
            }
        }
    }
}

/// What GitHub sends about packages (webhook events `package` and `registry_package`).
enum GitHubPayload {
    static func notices(_ json: JSONValue, event: String) throws(WebhookRefusal) -> [Notice] {
        guard event == "package" || event == "registry_package" else { return [] }
        guard let package = json[event], let name = package["name"]?.string,
            let owner = package["owner"]?["login"]?.string
        else { throw .malformed(.gitHub, "the event names no package with an owner") }
        guard ["container", "docker"].contains((package["package_type"]?.string ?? "").lowercased()) else { return [] }
        return [.image(registry: "ghcr.io", repository: "\(owner)/\(name)".lowercased())]
    }
}
