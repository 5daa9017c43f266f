import Artifacts
import HTTPTransport
import KubernetesAPI
import KubernetesRuntime
import Logging
import ModelAppAPI
import Triggers

/// Finds the Secret to which the path of a webhook belongs, among those that ModelApps name in `spec.triggers`.
///
/// A Secret is read by name when the first request comes whose path is not known, and then kept as any other. So
/// strangers cause no more reads than there are Secrets to be read, and failed reads are repeated every ten seconds at
/// the most.
actor HookSecrets {
    /// A Secret with its token.
    struct Hook: Sendable {
        var secret: ObjectKey
        var token: HookToken
    }

    /// Finds the ModelApps that name a Secret, by `namespace/name`.
    static let index = StoreIndex<ModelApp>("hook") { app in
        app.spec.triggers?.webhook.map { ["\(app.metadata.namespace)/\($0.secretRef.name)"] } ?? []
    }

    private let secrets: SecretReader
    private let apps: Store<ModelApp>
    private let time: TimeSource
    private let logger: Logger
    private var paths: [HookPath: ObjectKey] = [:]
    /// When a Secret was last read, or could not be.
    private var looks: [ObjectKey: (at: ContinuousClock.Instant, isUsable: Bool)] = [:]
    private var problems: [ObjectKey: String] = [:]
    private var isSearching = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    /// As long as a Secret is kept: a changed token counts within it.
    private static let maximumAge = Duration.seconds(600)
    private static let failureAge = Duration.seconds(10)

    init(secrets: SecretReader, apps: Store<ModelApp>, time: TimeSource, logger: Logger) {
        self.secrets = secrets
        self.apps = apps
        self.time = time
        self.logger = logger
    }

    /// The hook at `path`; nil where there is none.
    func hook(at path: HookPath) async -> Hook? {
        if let hook = await known(path) { return hook }
        if isSearching {
            await withCheckedContinuation { waiters.append($0) }
        } else {
            isSearching = true
            await search()
            isSearching = false
            for waiter in waiters { waiter.resume() }
            waiters = []
        }
        return await known(path)
    }

    /// Lets the Secret be read again before its time: its token was refused to somebody who knows its path.
    func doubt(_ secret: ObjectKey) async {
        guard let look = looks[secret], time.now - look.at >= Self.failureAge else { return }
        looks[secret] = (time.now, look.isUsable)
        await secrets.forget(secret.name, namespace: secret.namespace)
    }

    private func known(_ path: HookPath) async -> Hook? {
        guard let secret = paths[path], !apps.objects(Self.index, secret.description).isEmpty,
            let token = await token(secret)
        else { return nil }
        let present = HookPath(token, namespace: secret.namespace, name: secret.name)
        if present.isEqual(path) { return Hook(secret: secret, token: token) }
        paths[path] = nil
        paths[present] = secret
        return nil
    }

    private func search() async {
        for text in apps.values(of: Self.index) {
            let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            let secret = ObjectKey(namespace: parts[0], name: parts[1])
            if let look = looks[secret] {
                guard time.now - look.at >= (look.isUsable ? Self.maximumAge : Self.failureAge) else { continue }
            }
            let token = await token(secret)
            looks[secret] = (time.now, token != nil)
            guard let token else { continue }
            paths = paths.filter { $0.value != secret }
            paths[HookPath(token, namespace: secret.namespace, name: secret.name)] = secret
        }
        // What nobody names any more leaves nothing behind.
        if looks.count > 2 * apps.count + 100 { (looks, paths, problems) = ([:], [:], [:]) }
    }

    private func token(_ key: ObjectKey) async -> HookToken? {
        let field = "spec.triggers.webhook.secretRef"
        let problem: String
        do throws(ScanFailure) {
            let secret = try await secrets.secret(key.name, for: key, generation: 0, field: field)
            do throws(HookTokenError) {
                let token = try HookToken(secret.bytes(HookToken.key))
                problems[key] = nil
                return token
            } catch {
                problem = "\(field): Secret \(key.name) \(error.message)"
            }
        } catch {
            problem = error.message
        }
        if problems[key] != problem {
            problems[key] = problem
            logger.warning("webhook without a token", metadata: ["object": "Secret \(key)", "error": "\(problem)"])
        }
        return nil
    }
}
