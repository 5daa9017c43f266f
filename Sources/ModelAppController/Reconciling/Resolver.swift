public import HTTPTransport
public import KubernetesClient
public import ModelAppAPI
public import ReleasePlanning

/// Looks up both halves of a ModelApp outside the cluster. What cannot be looked up is data, not an error.
public struct Resolver: Sendable {
    /// What was found.
    public struct Answer: Sendable {
        /// Both halves.
        public var resolution: Resolution
        /// When time alone changes the answer, milliseconds since 1970.
        public var lookAgainAt: Int64?
    }

    private let code: CodeResolver
    private let model: ModelResolver
    private let zones: TimeZoneFiles

    /// A resolver whose scans are shared by all who use it.
    public init(client: Client, access: SourceAccess, time: TimeSource, zones: TimeZoneFiles = TimeZoneFiles()) {
        self.zones = zones
        let secrets = SecretReader(client: client, time: time)
        code = CodeResolver(access: access, secrets: secrets, time: time)
        model = ModelResolver(access: access, secrets: secrets, time: time)
    }

    /// Both halves, side by side.
    public func resolve(_ app: ModelApp, observation: Observation) async -> Answer {
        let running = observation.appliedRelease
        async let code = code.resolve(app, running: running?.code)
        let (model, lookAgainAt) = await model.resolve(app, running: running?.model)
        let zones = zones.rules(app.spec.rollout.timeZones)
        return Answer(resolution: Resolution(code: await code, model: model, zones: zones), lookAgainAt: lookAgainAt)
    }

    /// How many scans were started since the start: listings of tags and of objects.
    public var scansStarted: (tags: Int, objects: Int) {
        get async {
            let folders = await model.folders.started
            let flat = await model.flat.started
            return (await code.listings.started, folders + flat)
        }
    }
}
