import KubernetesAPI
import Testing

@testable import KubernetesRuntime

@Suite("Store", .timeLimit(.minutes(1)))
struct StoreTests {
    private let log = Shared<[String]>([])

    private func makeStore(_ indexes: [StoreIndex<ConfigMap>] = []) -> Store<ConfigMap> {
        let log = log
        return Store(
            indexes: indexes,
            handlers: [
                { change in
                    let text =
                        switch change {
                        case .added(let new): "+\(new.metadata.name)@\(new.metadata.resourceVersion)"
                        case .changed(let old, let new):
                            "\(new.metadata.name)@\(old.metadata.resourceVersion)>\(new.metadata.resourceVersion)"
                        case .removed(let old): "-\(old.metadata.name)@\(old.metadata.resourceVersion)"
                        }
                    log.withValue { $0.append(text) }
                }
            ]
        )
    }

    private func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "n", name: name) }

    @Test("W16 a replacement announces what came, what stayed and what went") func replacementAnnouncesUnion() {
        let store = makeStore()
        store.replace([object("a", "1"), object("b", "2")])
        log.withValue { $0.removeAll() }
        store.replace([object("b", "2"), object("c", "3")])
        #expect(log.value.sorted() == ["+c@3", "-a@1", "b@2>2"])
        #expect(store.keys.map(\.name) == ["b", "c"])
    }

    @Test("W16 a reader never sees half a replacement") func replacementIsAtomic() async {
        let store = makeStore()
        let generations = (0..<200).map { generation in (0..<20).map { object("k\($0)", "\(generation)") } }
        store.replace(generations[0])
        let torn = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for objects in generations { store.replace(objects) } }
            group.addTask {
                for _ in 0..<400 {
                    if Set(store.objects.map(\.metadata.resourceVersion)).count != 1 { torn.withValue { $0 += 1 } }
                    await Task.yield()
                }
            }
        }
        #expect(torn.value == 0)
    }

    @Test("W18 an object that vanished between two lists is announced as removed") func unseenDeletion() {
        let store = makeStore()
        store.replace([object("a", "1")])
        store.replace([])
        #expect(log.value.last == "-a@1")
    }

    @Test("W20 a change carries the old and the new object") func changeCarriesBoth() {
        let store = makeStore()
        store.apply(object("a", "1"))
        store.apply(object("a", "2"))
        store.delete(object("a", "3"))
        #expect(log.value == ["+a@1", "a@1>2", "-a@3"])
        let change = StoreChange.changed(old: object("a", "1"), new: object("a", "2"))
        #expect(change.states.map(\.metadata.resourceVersion) == ["1", "2"])
        #expect(!change.isResync)
        #expect(StoreChange.changed(old: object("a", "1"), new: object("a", "1")).isResync)
    }

    @Test("a deletion of an unknown object is not announced") func unknownDeletion() {
        let store = makeStore()
        store.delete(object("a", "3"))
        #expect(log.value.isEmpty)
    }

    @Test("handlers see the store as it is after the change") func handlersRunAfterwards() {
        let counts = Shared<[Int]>([])
        let reference = Shared<Store<ConfigMap>?>(nil)
        let store = Store<ConfigMap>(handlers: [
            { _ in
                let count = reference.value?.count ?? -1
                counts.withValue { $0.append(count) }
            }
        ])
        reference.withValue { $0 = store }
        store.replace([object("a", "1"), object("b", "1")])
        store.delete(object("a", "2"))
        #expect(counts.value == [2, 2, 1])
        reference.withValue { $0 = nil }
    }

    @Test("W15 an object that turns unreadable keeps its last state and says why") func unreadableKeepsState() {
        let store = makeStore()
        let bad = UndecodableObject(metadata: object("a", "2").metadata, reason: "spec.x: wrong")
        store.replace([object("a", "1"), object("b", "1")])
        store.perform(.undecodable(bad, isDeletion: false))
        #expect(store[key("a")]?.metadata.resourceVersion == "1")
        #expect(store.undecodable(key("a")) == bad)
        store.perform(.replace([object("b", "1")], undecodable: [bad], resourceVersion: "9"))
        #expect(store[key("a")]?.metadata.resourceVersion == "1")
        #expect(!log.value.contains("-a@1"))
        store.apply(object("a", "3"))
        #expect(store.undecodable(key("a")) == nil)
        store.perform(.undecodable(bad, isDeletion: true))
        #expect(store[key("a")] == nil)
        #expect(log.value.last == "-a@3")
    }

    @Test("an index follows every change") func indexes() {
        let byLabel = StoreIndex<ConfigMap>("label") { $0.metadata.labels["app"].map { [$0] } ?? [] }
        let store = makeStore([byLabel])
        func names(_ value: String) -> [String] { store.objects(byLabel, value).map(\.metadata.name) }
        store.replace([
            object("b", "1", labels: ["app": "x"]), object("a", "1", labels: ["app": "x"]), object("c", "1"),
        ])
        #expect(names("x") == ["a", "b"])
        store.apply(object("a", "2", labels: ["app": "y"]))
        #expect(names("x") == ["b"])
        #expect(names("y") == ["a"])
        store.delete(object("b", "3"))
        #expect(names("x").isEmpty)
        store.replace([object("d", "4", labels: ["app": "y"])])
        #expect(names("y") == ["d"])
    }

    @Test("W17 who waits for a store is woken by its first replacement, or by cancellation") func waiting() async throws
    {
        let store = makeStore()
        await withTaskGroup(of: RuntimeError?.self) { group in
            let wait: @Sendable () async -> RuntimeError? = {
                do throws(RuntimeError) {
                    try await store.waitUntilSynced()
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask { await wait() }
            group.cancelAll()
            #expect(await group.next()??.code == .cancelled)
        }
        async let waiting: Void = store.waitUntilSynced()
        store.replace([])
        try await waiting
        try await store.waitUntilSynced()
        #expect(store.isSynced)
    }

    @Test("W19 a missing permission makes the store unfit at once, naming the resource; other failures after a minute")
    func health() {
        let now = ContinuousClock().now
        let store = makeStore()
        #expect(store.health.problem(now: now) == "configmaps: not read yet")
        store.failed(refusal(500, "InternalError", "oops"), now)
        #expect(store.health.problem(now: now) == "configmaps: not read yet: oops")
        store.replace([])
        #expect(store.health.problem(now: now + .seconds(59)) == nil)
        store.failed(refusal(500, "InternalError", "oops"), now + .seconds(30))
        #expect(store.health.problem(now: now + .seconds(60)) == "configmaps: oops")
        #expect(store.health.failure?.count == 2)
        store.recovered()
        #expect(store.health.problem(now: now + .seconds(60)) == nil)
        store.failed(refusal(403, "Forbidden", "may not list"), now)
        #expect(store.health.problem(now: now) == "configmaps: may not list")
    }
}
