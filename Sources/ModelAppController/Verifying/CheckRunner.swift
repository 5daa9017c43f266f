import HTTPTransport
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ReleasePlanning
import ServiceLifecycle
import Synchronization

/// Makes the checks that plans ask for, in the background: no worker of the queue waits for one.
///
/// What a check came to is kept here until a pass has written it to the release. What is lost with the process is made
/// again by the one that follows.
final class CheckRunner: ServiceLifecycle.Service {
    private struct Entry {
        var operation: CheckOperation
        var progress: CheckProgress?
    }

    private let http: HTTPCheckMaker
    private let jobs: JobCheckMaker
    private let queries: PrometheusCheckMaker
    private let predictions: PredictionCheckMaker
    private let time: TimeSource
    private let queue: WorkQueue<ObjectKey>
    // One at a time for each ModelApp: checks are made in order.
    private let entries = Mutex<[ObjectKey: Entry]>([:])
    private let stream: AsyncStream<CheckOperation>
    private let feed: AsyncStream<CheckOperation>.Continuation

    init(client: Client, access: CheckAccess, time: TimeSource, queue: WorkQueue<ObjectKey>) {
        http = HTTPCheckMaker(client: client, transport: access.pods, time: time)
        jobs = JobCheckMaker(client: client, time: time)
        queries = PrometheusCheckMaker(server: access.prometheus, time: time)
        predictions = PredictionCheckMaker(client: client, transport: access.pods)
        self.time = time
        self.queue = queue
        (stream, feed) = AsyncStream.makeStream()
    }

    /// How the check of a ModelApp stands, by the operation's name; empty before there is something to say.
    func progress(of key: ObjectKey) -> [String: CheckProgress] {
        entries.withLock { entries in
            guard let entry = entries[key], let progress = entry.progress else { return [:] }
            return [entry.operation.id: progress]
        }
    }

    /// Sees to it that `operation` is under way, and nothing else for that ModelApp. Never waits.
    func want(_ operation: CheckOperation?, for key: ObjectKey) {
        let isNew = entries.withLock { entries -> Bool in
            guard let operation else {
                entries[key] = nil
                return false
            }
            if entries[key]?.operation == operation { return false }
            entries[key] = Entry(operation: operation)
            return true
        }
        if isNew, let operation { feed.yield(operation) }
    }

    /// Makes checks until shut down.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await operation in self.stream { group.addTask { await self.make(operation) } }
                group.cancelAll()
            }
        }
    }

    private func make(_ operation: CheckOperation) async {
        var pause = Duration.seconds(5)
        while isWanted(operation) {
            let verdict = await verdict(operation)
            if Task.isCancelled { return }
            guard case .blocked(let reason, let message) = verdict else {
                note(.finished(verdict), of: operation)
                return
            }
            note(.blocked(reason: reason, message: message), of: operation)
            do { try await time.sleep(for: pause) } catch { return }
            pause = min(pause * 2, .seconds(60))
        }
    }

    private func verdict(_ operation: CheckOperation) async -> CheckVerdict {
        let step = operation.step
        if let check = step.http { return await http.verdict(check, operation) }
        if let check = step.job { return await jobs.verdict(check, operation) }
        if let check = step.prometheus {
            return await queries.verdict(check, operation) { self.isWanted(operation) }
        }
        if let check = step.predictions { return await predictions.verdict(check, operation) }
        return .blocked(reason: "InvalidSpec", message: "one of http, job, prometheus, predictions is needed")
    }

    private func isWanted(_ operation: CheckOperation) -> Bool {
        entries.withLock { $0[operation.app]?.operation == operation }
    }

    private func note(_ progress: CheckProgress, of operation: CheckOperation) {
        let isNews = entries.withLock { entries -> Bool in
            guard var entry = entries[operation.app], entry.operation == operation, entry.progress != progress else {
                return false
            }
            entry.progress = progress
            entries[operation.app] = entry
            return true
        }
        if isNews { queue.add(operation.app) }
    }
}
