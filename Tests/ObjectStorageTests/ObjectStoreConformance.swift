import Artifacts
import Foundation
import HTTPTransport
import ObjectStorage
import Testing

/// Writes what a conformance run reads.
protocol ObjectSeeder: Sendable {
    /// Stores `bytes` under `key` in the container of the run.
    func put(_ key: String, _ bytes: [UInt8]) async throws
    /// Removes the current object.
    func delete(_ key: String) async throws
}

/// What every store must do: run alike against the real service, an emulator and our own.
///
/// Wants an empty container that exists. Knows nothing of the network below.
struct ObjectStoreConformance {
    /// What the service under test has.
    struct Traits {
        /// The container keeps versions.
        var isVersioned = false
        /// Uploads get a stored checksum of the whole content that a head reports.
        var hasChecksums = true
    }

    let store: any ObjectStore
    /// The same container, listed by pages of two entries.
    let paged: any ObjectStore
    let seeder: any ObjectSeeder
    /// The same service, a container that does not exist.
    let missing: any ObjectStore
    let traits: Traits

    private let keys = ["r/1/a b+c=&ä%25.txt", "r/1/model.onnx", "r/10/x~(1)'!*.bin", "r/10/日本 語.txt"]

    /// All rules, in an order that leaves the container empty of current objects.
    func run() async throws {
        try await emptyAndMissingContainersDiffer()
        for (index, key) in keys.enumerated() { try await seeder.put(key, content(index)) }
        try await seeder.put("r-old/x", content(9))
        try await seeder.put("r/empty", [])
        try await listingsKnowPrefixAndFolders()
        try await headsAgreeWithListings()
        try await readsDeliverBytesAndRanges()
        try await conditionsHoldWhileBytesStay()
        if traits.isVersioned { try await versionsStayReadable() }
        for key in keys + ["r-old/x", "r/empty"] { try await seeder.delete(key) }
        #expect(try await store.keys().isEmpty)
        try await longListingsHavePages()
    }

    private func content(_ index: Int) -> [UInt8] { Array("content of \(index), a few bytes long".utf8) }

    private func emptyAndMissingContainersDiffer() async throws {
        #expect(try await store.keys().isEmpty)
        await expectError(.containerNotFound) { _ = try await missing.keys() }
        await expectError(.containerNotFound) { _ = try await missing.content("k") }
        #expect(try await store.head("absent") == nil)
        await expectError(.objectNotFound) { _ = try await store.content("absent") }
    }

    private func listingsKnowPrefixAndFolders() async throws {
        #expect(Set(try await store.keys()) == Set(keys + ["r-old/x", "r/empty"]))
        #expect(Set(try await store.keys(ListRequest(prefix: "r/"))) == Set(keys + ["r/empty"]))
        let folders = try await store.keys(ListRequest(prefix: "r/", delimiter: "/"))
        #expect(Set(folders) == ["r/1/", "r/10/", "r/empty"] && folders.count == 3)
        #expect(try await store.keys(ListRequest(prefix: "none/")).isEmpty)
        #expect(try await store.keys(ListRequest(prefix: "r/1/a b+")) == [keys[0]])
    }

    private func headsAgreeWithListings() async throws {
        for entry in try await store.all(ListRequest(prefix: "r/", versions: traits.isVersioned ? .current : .none)) {
            guard case .object(let listed) = entry else { continue }
            let head = try #require(try await store.head(listed.key), "\(listed.key)")
            #expect(head.size == listed.size && head.etag == listed.etag && listed.etag != nil, "\(listed.key)")
            #expect(abs(head.modified.seconds - listed.modified.seconds) <= 1)
            #expect(head.versionID == listed.versionID && (head.versionID != nil) == traits.isVersioned)
            if traits.hasChecksums { #expect(head.checksum?.algorithm.identifiesContent == true, "\(listed.key)") }
        }
    }

    private func readsDeliverBytesAndRanges() async throws {
        for (index, key) in keys.enumerated() {
            let bytes = content(index)
            #expect(try await store.content(key) == bytes)
            #expect(try await store.content(key, range: 0..<1) == Array(bytes[0..<1]))
            #expect(try await store.content(key, range: 3..<9) == Array(bytes[3..<9]))
            #expect(try await store.content(key, range: 5..<1_000_000) == Array(bytes[5...]))
        }
        #expect(try await store.content("r/empty") == [])
        let outside = Int64(content(0).count)
        await expectError(.rejected) { _ = try await store.content(keys[0], range: outside..<outside + 1) }
    }

    private func conditionsHoldWhileBytesStay() async throws {
        let key = keys[1]
        let before = try #require(try await store.head(key))
        let etag = try #require(before.etag)
        #expect(try await store.content(key, condition: .etag(etag)) == content(1))
        #expect(try await store.content(key, condition: .same(as: before)) == content(1))
        try await seeder.put(key, content(77))
        await expectError(.preconditionFailed) { _ = try await store.content(key, condition: .etag(etag)) }
        if !traits.isVersioned {
            await expectError(.preconditionFailed) { _ = try await store.content(key, condition: .same(as: before)) }
        }
        let after = try #require(try await store.head(key))
        #expect(after.etag != etag)
        try await seeder.delete(key)
        await expectError(.preconditionFailed) { _ = try await store.content(key, condition: .etag(after.etag ?? "")) }
        await expectError(.objectNotFound) { _ = try await store.content(key) }
        #expect(try await store.head(key) == nil)
    }

    private func versionsStayReadable() async throws {
        let key = "r/versioned"
        try await seeder.put(key, content(1))
        let first = try #require(try await store.head(key))
        try await seeder.put(key, content(2))
        let second = try #require(try await store.head(key))
        #expect(first.versionID != second.versionID)
        #expect(try await store.content(key, condition: .same(as: first)) == content(1))
        #expect(try await store.content(key, condition: .same(as: second)) == content(2))
        #expect(try await store.head(key, version: first.versionID)?.etag == first.etag)
        let listed = try await versions(of: key, .all)
        #expect(Set(listed.map(\.versionID)) == [first.versionID, second.versionID])
        #expect(listed.filter(\.isCurrent).map(\.versionID) == [second.versionID])
        #expect(try await versions(of: key, .current).map(\.versionID) == [second.versionID])
        try await seeder.delete(key)
        #expect(try await versions(of: key, .current).isEmpty)
        #expect(try await store.content(key, condition: .same(as: first)) == content(1))
        #expect(try await store.head(key) == nil)
        #expect(try await versions(of: key, .all).filter { !$0.isDeleteMarker }.count == 2)
        await expectError(.preconditionFailed) { _ = try await store.content(key, condition: .etag("gone")) }
    }

    private func versions(of key: String, _ versions: ListRequest.Versions) async throws -> [ObjectInfo] {
        try await store.all(ListRequest(prefix: key, versions: versions)).compactMap {
            guard case .object(let info) = $0 else { return nil }
            return info
        }
    }

    private func longListingsHavePages() async throws {
        let many = (0..<7).map { "many/ä+\($0)" }
        for key in many { try await seeder.put(key, content(0)) }
        for folder in 0..<3 { try await seeder.put("many/folder \(folder)/x", content(0)) }
        let flat = try await paged.keys(ListRequest(prefix: "many/ä+"))
        #expect(flat.sorted() == many)
        let folded = try await paged.keys(ListRequest(prefix: "many/", delimiter: "/"))
        #expect(folded.sorted() == (many + (0..<3).map { "many/folder \($0)/" }).sorted())
        #expect(
            try await paged.keys(ListRequest(prefix: "many/")).sorted()
                == store.keys(ListRequest(prefix: "many/")).sorted()
        )
        if traits.isVersioned {
            for key in many { try await seeder.put(key, content(1)) }
            let current = try await paged.keys(ListRequest(prefix: "many/ä+", versions: .current))
            #expect(current.sorted() == many)
            let all = try await paged.keys(ListRequest(prefix: "many/ä+", versions: .all))
            #expect(all.sorted() == many.flatMap { [$0, $0] })
        }
        var count = 0
        try await paged.list(prefix: "many/") { _ throws(ObjectStoreError) in
            count += 1
            return count < 3 ? .continue : .stop
        }
        #expect(count == 3)
        for key in many { try await seeder.delete(key) }
        for folder in 0..<3 { try await seeder.delete("many/folder \(folder)/x") }
        #expect(try await store.keys().isEmpty)
    }
}
