public import HTTPTransport
public import KubernetesClient
public import Metrics
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
        /// When scans that may not begin yet may, if there are any. What the resolution says of them is older.
        var postponedUntil: ContinuousClock.Instant?
        /// Whether nothing older is known of one of them: then the resolution is of no use.
        var isBlind = false
    }

    let code: CodeResolver
    let model: ModelResolver
    let zones: TimeZoneFiles
    /// Reads the Secrets that ModelApps name; each is read once for all that name it.
    let secrets: SecretReader
    /// Opens stores as the ServiceAccounts that ModelApps name.
    let accounts: ServiceAccountIdentities

    /// A resolver whose scans are shared by all who use it.
    /// - Parameter limits: what scans may ask of hosts; nil for a look that somebody waits for, which is never put off.
    public init(
        client: Client,
        access: SourceAccess,
        limits: ScanLimits? = nil,
        time: TimeSource,
        zones: TimeZoneFiles = TimeZoneFiles(),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) {
        self.zones = zones
        secrets = SecretReader(client: client, time: time)
        accounts = ServiceAccountIdentities(client: client, time: time)
        let gate = ScanGate(limits: limits, time: time, random: access.random, metrics: metrics)
        let hosts = HostBackoff(time: time, gate: gate, random: access.random)
        let access = access.counted(by: gate)
        code = CodeResolver(
            access: access,
            secrets: secrets,
            accounts: accounts,
            hosts: hosts,
            time: time,
            metrics: metrics
        )
        model = ModelResolver(
            access: access,
            secrets: secrets,
            accounts: accounts,
            hosts: hosts,
            time: time,
            metrics: metrics
        )
    }

    /// Both halves, side by side.
    /// - Parameter isRequested: whether somebody asked for it, so that younger scans do not do.
    public func resolve(_ app: ModelApp, observation: Observation, isRequested: Bool = false) async -> Answer {
        await resolve(app, observation: observation, isRequested: isRequested, due: DueScans.Due())
    }

    /// The same, where halves are known to have changed: scans that began before do not do.
    func resolve(_ app: ModelApp, observation: Observation, isRequested: Bool, due: DueScans.Due) async -> Answer {
        let postponements = Postponements()
        var answer = await Postponements.$current.withValue(postponements) {
            await halves(app, observation, isRequested, due)
        }
        answer.postponedUntil = postponements.until
        answer.isBlind = postponements.isBlind
        answer.resolution.awaitsScan = postponements.until != nil
        return answer
    }

    private func halves(
        _ app: ModelApp,
        _ observation: Observation,
        _ isRequested: Bool,
        _ due: DueScans.Due
    ) async -> Answer {
        let running = observation.appliedRelease
        async let code = code.resolve(app, running: running?.code, isRequested: isRequested, since: due.code)
        let model = await model.resolve(app, running: running, isRequested: isRequested, since: due.model)
        var resolution = Resolution(
            code: await code.resolution,
            model: model.resolution,
            zones: zones.rules(app.spec.rollout.timeZones)
        )
        resolution.sightings = await code.sightings
        resolution.modelSightings = model.sightings
        resolution.olderCodes = await code.older
        resolution.imageLabels = await code.labels
        resolution.olderModels = await self.model.older(than: model, of: app, running: running)
        let times = [await code.lookAgainAt, model.lookAgainAt].compactMap { $0 }
        return Answer(resolution: resolution, lookAgainAt: times.min())
    }

    /// How many scans were started since the start: listings of the code's tags, and of models.
    public var scansStarted: (tags: Int, objects: Int) {
        get async {
            let folders = await model.folders.started
            let flat = await model.flat.started
            return (await code.listings.started, folders + flat + (await model.artifacts.listings.started))
        }
    }
}
