import DevCluster
import Foundation
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import Testing

@testable import ModelAppController

/// What a story looks like to `kubectl get events`.
@Suite struct EventTests {
    @Test func releasesAreToldWhenTheyBeginAndWhenTheyRunEverywhere() async throws {
        try await story { cluster in
            #expect(cluster.events() == ["Normal ReleaseStarted", "Normal ReleaseConverged"])
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
        } after: { cluster in
            let expected = ["Normal ReleaseStarted", "Normal ReleaseConverged"]
            #expect(cluster.events() == expected + expected)
            let event = try #require(
                cluster.api.objects(Event.resource).compactMap { try? Event(parsing: $0.canonicalBytes) }
                    .first { $0.reason == "ReleaseConverged" && $0.note.contains("code 2") }
            )
            #expect(event.metadata.namespace == "default")
            #expect(event.regarding.name == "app" && event.regarding.kind == "ModelApp")
            #expect(
                event.regarding.uid == cluster.api.object(ModelApp.resource, Cluster.key())?["metadata"]?["uid"]?.string
            )
            #expect(event.reportingController == "modelapp.dev/operator" && event.reportingInstance == "first")
            #expect(event.related?.kind == "ControllerRevision" && event.related?.name.hasPrefix("app-") == true)
            #expect(event.action == "Release" && event.note.hasPrefix("code 2 + model 1.0.0 (release "))
        }
    }

    @Test func aFailureAndItsEndAreToldOnceNotInEachPass() async throws {
        try await story { cluster in
            cluster.network.connect(Cluster.registryHost, to: Impostor.portal)
            try await cluster.eventually("the registry fails") {
                cluster.condition("CodeResolved")?.status == "False"
            }
            let listings = cluster.network.tagListings
            try await cluster.eventually("three more failures") { cluster.network.tagListings >= listings + 3 }
            cluster.network.connect(Cluster.registryHost, to: cluster.registry)
            try await cluster.eventually("it is back") { cluster.condition("CodeResolved")?.isTrue == true }
        } after: { cluster in
            let events = cluster.events().dropFirst(2)
            let reason = try #require(events.first?.split(separator: " ").last)
            #expect(Array(events) == ["Warning \(reason)", "Normal CodeResolved"])
            #expect(reason != "CodeResolved")
        }
    }

    @Test func aWrongSpecIsToldByItsReason() async throws {
        try await story { cluster in
            try await cluster.edit(spec: ["code": ["filter": ["match": "("]]])
            try await cluster.eventually("it is refused") { cluster.condition("Stalled")?.isTrue == true }
        } after: { cluster in
            #expect(cluster.events().dropFirst(2).first == "Warning InvalidSpec")
            #expect(cluster.events().count == 3)
        }
    }

    /// Runs one app to convergence, then `body`, and looks after the operator has ended in order: all is written then.
    private func story(
        _ body: (Cluster) async throws -> Void,
        after: (Cluster) async throws -> Void
    ) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create()
            let replica = try Replica("first", in: cluster, elects: false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await replica.run() }
                try await cluster.converges(code: "1", model: "1.0.0")
                try await cluster.eventually("two events") { cluster.events().count == 2 }
                try await body(cluster)
                await replica.stop()
                try await group.waitForAll()
            }
            try await after(cluster)
        }
    }
}

@Suite struct EventReferenceTests {
    /// The rows of a table of a page, without its head.
    private func rows(_ page: String, after heading: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n\(heading)\n").dropFirst().first)
        return section.components(separatedBy: "\n## ")[0].split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("| ") }.dropFirst().filter { !$0.hasPrefix("|--") && !$0.hasPrefix("| --") }
    }

    @Test func thePageListsEveryRuleAndNothingElse() throws {
        let rules = EventRule.allCases.map { rule in
            let reason = rule.reason.map { "`\($0)`" } ?? "that of the condition"
            return "| \(rule.occasion) | \(rule.type(reason: "").rawValue) | \(reason) | `\(rule.action)` |"
        }
        #expect(try rows("docs/reference/events.md", after: "## About a ModelApp") == rules)
    }

    @Test func thePageNamesTheReasonsThatAreNoWarning() throws {
        let named = try rows("docs/reference/events.md", after: "## In the course of things").map {
            $0.split(separator: "`")[1]
        }
        #expect(named.map(String.init) == EventRule.expected.sorted())
    }
}
