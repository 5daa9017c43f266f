import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import TestSupport
import Testing

/// Rules that no bug breaks prove nothing: each of these bugs has to make one fail.
@Suite("The rules find bugs that are planted into a server", .timeLimit(.minutes(1)))
struct PlantedBugTests {
    @Test(arguments: PlantedBug.all) func isFound(_ bug: PlantedBug) async throws {
        #expect(try await Self.broken(by: bug) != nil, "\(bug) breaks no rule")
    }

    /// Else every bug would be found by a rule that the planting breaks.
    @Test func withoutABugNoRuleIsBroken() async throws {
        #expect(try await Self.broken(by: PlantedBug(description: "none")) == nil)
    }

    @Test func thereAreAtLeastTenAndTheyDiffer() { #expect(Set(PlantedBug.all.map(\.description)).count >= 10) }

    /// The first rule that a server with the bug does not follow.
    private static func broken(by bug: PlantedBug) async throws -> APIServerCase? {
        for rule in APIServerCase.all where rule.holdsOn1_20 {
            let server = DevAPIServer(.init(profile: .v1_20), time: TestClock().timeSource())
            let underTest = APIServerUnderTest(
                transport: InProcessTransport(to: BuggyServer(base: server, bug: bug)),
                server: HTTPURL(scheme: "http", host: "fake"),
                run: "t"
            )
            do {
                try await rule.run(underTest)
            } catch is ConformanceFailure {
                return rule
            }
        }
        return nil
    }
}

/// Something a server does wrong.
struct PlantedBug: Sendable, CustomStringConvertible {
    let description: String
    var request: @Sendable (inout HTTPRequest, inout JSONValue) -> Void = { _, _ in }
    var answer: @Sendable (inout JSONValue) -> Void = { _ in }

    /// Forgets a parameter of the query.
    private static func ignoring(_ parameter: String) -> PlantedBug {
        PlantedBug(description: "\(parameter) is ignored") { request, _ in
            request.path = request.path?.replacing(parameter + "=", with: "ignored=")
        }
    }

    static let all = [
        ignoring("dryRun"), ignoring("labelSelector"), ignoring("fieldSelector"), ignoring("limit"),
        ignoring("resourceVersionMatch"), ignoring("continue"),
        PlantedBug(description: "every apply is forced") { request, _ in
            request.path = request.path?.replacing("force=false", with: "force=true")
        },
        PlantedBug(description: "an update does not look at the version") { request, body in
            if request.method == .put { body["metadata"]?["resourceVersion"] = nil }
        },
        PlantedBug(description: "a deletion does not look at its preconditions") { request, body in
            if request.method == .delete { body["preconditions"] = nil }
        },
        PlantedBug(description: "an apply does not look at the version") { request, body in
            if request.method == .patch { body["metadata"]?["resourceVersion"] = nil }
        },
        PlantedBug(
            description: "generations never grow",
            answer: { $0.editMetadata { if $0["generation"] != nil { $0["generation"] = 1 } } }
        ),
        PlantedBug(description: "managers are not told", answer: { $0.editMetadata { $0["managedFields"] = nil } }),
        PlantedBug(description: "failures have no reason", answer: { $0["reason"] = nil }),
        PlantedBug(
            description: "an event of a deletion says that something was modified",
            answer: { if $0["type"] == "DELETED" { $0["type"] = "MODIFIED" } }
        ),
        PlantedBug(
            description: "a list has lost its last object",
            answer: { answer in
                if let items = answer["items"]?.array, items.count > 1 { answer["items"] = .array(items.dropLast()) }
            }
        ),
    ]
}

extension JSONValue {
    fileprivate mutating func editMetadata(_ edit: (inout JSONValue) -> Void) {
        guard var metadata = self["metadata"], metadata.object != nil else { return }
        edit(&metadata)
        self["metadata"] = metadata
    }
}

/// A server with a bug.
private struct BuggyServer: LocalService {
    let base: DevAPIServer
    let bug: PlantedBug

    func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
        guard var bytes = try? await body.collect(upTo: 1 << 24) else { return LocalResponse(.badRequest) }
        var request = request
        var json = (try? JSONValue(parsing: bytes)) ?? .null
        let sent = json
        bug.request(&request, &json)
        if json != sent { bytes = json.canonicalBytes }
        let answer = await base.handle(request, body: HTTPBodyChunks(bytes), from: peer)
        // One event a chunk, or one document.
        let stream = answer.body
        let bug = bug
        return LocalResponse(
            HTTPResponse(status: answer.response.status, headerFields: [.contentType: "application/json"]),
            streaming: HTTPBodyChunks {
                var iterator = stream.makeAsyncIterator()
                return {
                    guard let chunk = try await iterator.next() else { return nil }
                    guard var document = try? JSONValue(parsing: chunk) else { return chunk }
                    bug.answer(&document)
                    return document.canonicalBytes + [0x0A]
                }
            }
        )
    }
}
