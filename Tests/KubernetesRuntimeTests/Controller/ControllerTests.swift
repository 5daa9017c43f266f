import HTTPTransport
import KubernetesAPI
import Logging
import ServiceLifecycle
import Testing
import TestSupport

@testable import KubernetesRuntime

/// Answers from a closure and counts.
private struct ScriptedReconciler: Reconciler {
    let runs = Shared<[String]>([])
    let answer: @Sendable (String, Int) async throws(ReconcileError) -> ReconcileResult

    func reconcile(_ key: String) async throws(ReconcileError) -> ReconcileResult {
        let count = runs.withValue { runs in
            runs.append(key)
            return runs.count(where: { $0 == key })
        }
        return try await answer(key, count)
    }
}

@Suite("Controller", .timeLimit(.minutes(1)))
struct ControllerTests {
    private let clock = TestClock()
    private let metrics = TestMetrics()
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func makeQueue() -> WorkQueue<String> {
        WorkQueue(name: "q", retry: RetryPolicy(jitter: 0), time: clock.timeSource(), random: { 0 }, metrics: metrics)
    }

    private func withController(
        _ queue: WorkQueue<String>,
        workers: Int = 1,
        stores: [any Synchronizing] = [],
        _ reconciler: ScriptedReconciler,
        _ body: @Sendable (ServiceGroup) async throws -> Void
    ) async throws {
        let controller = Controller(
            name: "c",
            queue: queue,
            reconciler: reconciler,
            workers: workers,
            waitingFor: stores,
            time: clock.timeSource(),
            metrics: metrics,
            logger: logger
        )
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: controller)], logger: logger)
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(group)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func results(_ result: String) -> Double? {
        metrics["controller_runtime_reconcile_total,controller=c,result=\(result)"]?.sum
    }

    @Test("Q10 success forgets the key's failures") func successForgets() async throws {
        let queue = makeQueue()
        let reconciler = ScriptedReconciler { _, count throws(ReconcileError) in
            if count < 3 { throw ReconcileError(.retry(after: nil), reason: "Flaky", message: "not yet") }
            return .awaitChange
        }
        try await withController(queue, reconciler) { _ in
            queue.add("a")
            #expect(await eventually { queue.failures(of: "a") == 1 && clock.nextDeadline == clock.now + .seconds(1) })
            clock.advance(by: .seconds(1))
            #expect(await eventually { queue.failures(of: "a") == 2 && clock.nextDeadline == clock.now + .seconds(2) })
            clock.advance(by: .seconds(2))
            #expect(await eventually { results("success") == 1 })
        }
        #expect(queue.failures(of: "a") == 0)
        #expect(results("error") == 2)
        #expect(reconciler.runs.value == ["a", "a", "a"])
    }

    @Test("Q10 a terminal error is counted and not tried again") func terminalErrorIsFinal() async throws {
        let queue = makeQueue()
        let reconciler = ScriptedReconciler { _, _ throws(ReconcileError) in
            throw ReconcileError(.terminal, reason: "Invalid", message: "the spec is wrong")
        }
        try await withController(queue, reconciler) { _ in
            queue.add("a")
            #expect(await eventually { results("error") == 1 })
            await clock.waitForSleepers()
            // Nothing but the heartbeat is pending.
            #expect(clock.nextDeadline.map { $0 - clock.now } == .seconds(10))
        }
        #expect(reconciler.runs.value == ["a"])
        #expect(metrics["controller_runtime_terminal_reconcile_errors_total,controller=c"]?.sum == 1)
    }

    @Test("Q10 a periodic look forgets the failures and comes back after its time") func requeueAfter() async throws {
        let queue = makeQueue()
        let reconciler = ScriptedReconciler { _, count throws(ReconcileError) in
            if count == 1 { throw ReconcileError(.retry(after: .seconds(4)), reason: "Busy", message: "later") }
            return count == 2 ? .requeue(after: .seconds(7)) : .awaitChange
        }
        try await withController(queue, reconciler) { _ in
            queue.add("a")
            #expect(await eventually { clock.nextDeadline == clock.now + .seconds(4) })
            clock.advance(by: .seconds(4))
            #expect(await eventually { clock.nextDeadline == clock.now + .seconds(7) })
            #expect(queue.failures(of: "a") == 0)
            #expect(results("requeue_after") == 1)
            clock.advance(by: .seconds(7))
            #expect(await eventually { results("success") == 1 })
        }
    }

    @Test("Q13 the results exist from the start, at zero") func resultsArePreset() {
        let queue = makeQueue()
        let reconciler = ScriptedReconciler { _, _ throws(ReconcileError) in .awaitChange }
        _ = Controller(
            name: "c",
            queue: queue,
            reconciler: reconciler,
            workers: 3,
            time: clock.timeSource(),
            metrics: metrics,
            logger: logger
        )
        for result in ["success", "error", "requeue_after"] { #expect(results(result) == 0) }
        #expect(metrics["controller_runtime_max_concurrent_reconciles,controller=c"]?.sum == 3)
    }

    @Test("W17 workers start only after all stores are filled") func workersWaitForStores() async throws {
        let queue = makeQueue()
        let store = Store<ConfigMap>()
        let reconciler = ScriptedReconciler { _, _ throws(ReconcileError) in .awaitChange }
        try await withController(queue, stores: [store], reconciler) { _ in
            queue.add("a")
            await clock.waitForSleepers()
            for _ in 0..<100 { await Task.yield() }
            #expect(reconciler.runs.value.isEmpty)
            store.replace([])
            #expect(await eventually { reconciler.runs.value == ["a"] })
        }
    }

    @Test("W17 a store that is not filled within two minutes fails the start by name") func syncTimesOut() async throws
    {
        let controller = Controller(
            name: "c",
            queue: makeQueue(),
            reconciler: ScriptedReconciler { _, _ throws(ReconcileError) in .awaitChange },
            workers: 1,
            waitingFor: [Store<ConfigMap>()],
            time: clock.timeSource(),
            metrics: metrics,
            logger: logger
        )
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            await clock.waitForSleepers()
            clock.advance(by: .seconds(120))
            let error = await #expect(throws: RuntimeError.self) { try await group.waitForAll() }
            #expect(error?.code == .syncTimeout)
            #expect(error?.message.contains("configmaps") == true)
        }
    }

    @Test("a graceful shutdown while stores are filled ends the controller") func shutdownDuringSync() async throws {
        let reconciler = ScriptedReconciler { _, _ throws(ReconcileError) in .awaitChange }
        try await withController(makeQueue(), stores: [Store<ConfigMap>()], reconciler) { _ in
            await clock.waitForSleepers()
        }
        #expect(reconciler.runs.value.isEmpty)
    }

    @Test("a graceful shutdown lets the run finish and leaves what is queued to the next leader")
    func shutdownDrains() async throws {
        let queue = makeQueue()
        let gate = WakeSignal()
        let reconciler = ScriptedReconciler { key, _ throws(ReconcileError) in
            if key == "slow" { await gate.wait() }
            return .awaitChange
        }
        try await withController(queue, reconciler) { group in
            queue.add("slow")
            #expect(await eventually { reconciler.runs.value == ["slow"] })
            queue.add("queued")
            await group.triggerGracefulShutdown()
            #expect(await eventually { queue.isShutDown })
            queue.add("late")
            gate.signal()
        }
        #expect(reconciler.runs.value == ["slow"])
    }

    @Test("a run that does not end within the drain limit is cancelled") func shutdownCutsOff() async throws {
        let queue = makeQueue()
        let gate = WakeSignal()
        let cancelled = Shared(false)
        let reconciler = ScriptedReconciler { _, _ throws(ReconcileError) in
            await gate.wait()
            cancelled.withValue { $0 = Task.isCancelled }
            return .awaitChange
        }
        try await withController(queue, reconciler) { group in
            queue.add("stuck")
            #expect(await eventually { reconciler.runs.value == ["stuck"] })
            await group.triggerGracefulShutdown()
            #expect(await eventually { clock.nextDeadline == clock.now + .seconds(10) && queue.isShutDown })
            clock.advance(by: .seconds(9))
            #expect(!cancelled.value)
            // The limit begins when its task does, which may be after the queue's own sleeper of the same length.
            #expect(
                await eventually {
                    clock.advance(by: .seconds(1))
                    return cancelled.value
                }
            )
        }
    }

    @Test("a key is given back when its reconcile fails, so a later add runs it") func keysAreGivenBack() async throws {
        let queue = makeQueue()
        let reconciler = ScriptedReconciler { _, _ throws(ReconcileError) in
            throw ReconcileError(.terminal, reason: "Invalid", message: "no")
        }
        try await withController(queue, workers: 3, reconciler) { _ in
            for count in 1...5 {
                queue.add("a")
                #expect(await eventually { reconciler.runs.value.count == count })
            }
        }
    }
}
