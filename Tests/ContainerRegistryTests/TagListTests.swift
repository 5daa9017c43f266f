import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite(.timeLimit(.minutes(1))) struct TagListTests {
    /// A registry that pages through `names` in order.
    private static func pages(
        _ names: [String],
        link: @escaping @Sendable (String) -> String = { "<\($0)>; rel=\"next\"" }
    ) -> @Sendable (HTTPRequest, [UInt8]) async throws -> FakeTransport.Answer {
        { request, _ in
            let size = request.query("n").flatMap { Int($0) } ?? 100
            let start = request.query("last").flatMap { names.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
            let page = names[start..<min(start + size, names.count)]
            let list = page.map { "\"\($0)\"" }.joined(separator: ",")
            var headers: HTTPFields = [:]
            if start + size < names.count, let last = page.last, let name = HTTPField.Name("Link") {
                headers[name] = link("\(request.bare)?n=\(size)&last=\(last)")
            }
            return .json("{\"name\":\"x\",\"tags\":[\(list)]}", headers)
        }
    }

    private func tags(_ world: TestRegistry, _ image: String = "r.io/x") async throws -> [String] {
        try await world.client.tags(of: try reference(image)).map(\.name)
    }

    @Test func fiftyThousandTagsComePageByPage() async throws {
        let names = (0..<50_000).map { "v\($0)" }
        let world = TestRegistry(Self.pages(names))
        #expect(try await tags(world) == names)
        #expect(world.log.count == 50)
    }

    @Test func aWholeListInOnePageIsFine() async throws {
        let world = TestRegistry { _, _ in
            .json(#"{"name":"x","tags":["b","a","b"]}"#)
        }
        #expect(try await tags(world) == ["b", "a"])
    }

    @Test func noTagsAreNoTags() async throws {
        for text in [#"{"name":"x","tags":null}"#, #"{"name":"x","tags":[]}"#, #"{"name":"x"}"#] {
            let world = TestRegistry { _, _ in .json(text) }
            #expect(try await tags(world).isEmpty)
        }
    }

    @Test func namesThatAreNoTagsAreLeftOut() async throws {
        let world = TestRegistry { _, _ in
            .json(#"{"tags":["ok","","-a",".b","a b","a/b","a\u0000","é","\#(String(repeating: "x", count: 129))"]}"#)
        }
        #expect(try await tags(world) == ["ok"])
    }

    @Test func everyFormOfLinkKeepsHostPortAndScheme() async throws {
        let links: [@Sendable (String) -> String] = [
            { "<\($0)>; rel=\"next\"" },
            { "<https://r.io:5000\($0)>; rel=\"next\"" },
            // Behind a proxy registries name themselves with the scheme and port they see.
            { "<http://r.io\($0)>; rel=\"next\"" },
            { "<//r.io\($0)>; rel=\"next\"" },
            { "<list?\($0.split(separator: "?").last ?? "")>; rel=\"next\"" },
        ]
        for link in links {
            let world = TestRegistry(limits: small, Self.pages(["a", "b", "c"], link: link))
            #expect(try await tags(world, "r.io:5000/x") == ["a", "b", "c"])
            #expect(world.log.allSatisfy { $0.hasPrefix("GET https://r.io:5000/v2/x/tags/list?n=1") })
        }
    }

    private var small: RegistryLimits {
        var limits = RegistryLimits()
        limits.tagPageSize = 1
        return limits
    }

    @Test func aLinkToAnotherHostIsNotFollowed() async throws {
        let world = TestRegistry(
            keyring: .basic("r.io"),
            limits: small,
            Self.pages(["a", "b"], link: { "<https://evil.io\($0)>; rel=next" })
        )
        #expect(await failure { try await tags(world) }?.code == .insecure)
        #expect(world.log.count == 1)
    }

    @Test func pagesThatLeadInACircleAreAnError() async throws {
        let world = TestRegistry { request, _ in
            let next = request.query("last") == "a" ? "b" : "a"
            return .json("{\"tags\":[\"\(next)\"]}", linked("/v2/x/tags/list?n=1000&last=\(next)"))
        }
        let error = await failure { try await tags(world) }
        #expect(error?.code == .malformedAnswer)
        #expect(world.log.count <= 4)
    }

    @Test func theSamePageUnderNewURLsIsAnError() async throws {
        let count = Counter()
        let world = TestRegistry { _, _ in
            .json(#"{"tags":["a"]}"#, linked("/v2/x/tags/list?n=1000&last=\(count.next())"))
        }
        #expect(await failure { try await tags(world) }?.code == .malformedAnswer)
        #expect(world.log.count == 2)
    }

    @Test func aListThatNeverEndsIsAnError() async throws {
        let count = Counter()
        let world = TestRegistry { _, _ in
            let start = count.next() * 1000
            let names = (start..<(start + 1000)).map { "\"t\($0)\"" }.joined(separator: ",")
            return .json("{\"tags\":[\(names)]}", linked("/v2/x/tags/list?last=\(start)"))
        }
        let error = await failure { try await tags(world) }
        #expect(error?.code == .tooManyTags)
        #expect(error?.status == nil)
        #expect(world.log.count == 101)
    }

    @Test func emptyPagesWithoutEndAreAnError() async throws {
        var limits = RegistryLimits()
        limits.tagPages = 20
        let count = Counter()
        let world = TestRegistry(limits: limits) { _, _ in
            .json(#"{"tags":[]}"#, linked("/v2/x/tags/list?last=\(count.next())"))
        }
        #expect(await failure { try await tags(world) }?.code == .tooManyTags)
        #expect(world.log.count == 20)
    }

    @Test func aHundredEmptyPagesAreEnough() async throws {
        let count = Counter()
        let world = TestRegistry { _, _ in
            .json(#"{"tags":[]}"#, linked("/v2/x/tags/list?last=\(count.next())"))
        }
        #expect(await failure { try await tags(world) }?.code == .malformedAnswer)
        #expect(world.log.count == 101)
    }

    /// Fifty thousand tags however the registry cuts them, with links of every kind.
    @Test(arguments: [1, 2, 7, 50, 100, 333, 999, 1000])
    func fiftyThousandTagsComeInPagesOfAnySize(size: Int) async throws {
        let total = 50_000
        let world = TestRegistry { request, _ in
            // Smaller pages than were asked for.
            let start = request.query("last").flatMap { Int($0.dropFirst()) }.map { $0 + 1 } ?? 0
            let end = min(start + size, total)
            let list = (start..<end).map { "\"v\($0)\"" }.joined(separator: ",")
            let next = "/v2/x/tags/list?n=\(size)&last=v\(end - 1)"
            let links = ["<\(next)>", "<https://r.io:5000\(next)>", "<list?n=\(size)&last=v\(end - 1)>"]
            var link: HTTPFields = [:]
            if end < total, let name = HTTPField.Name("Link") { link[name] = "\(links[end % 3]); rel=\"next\"" }
            return .json("{\"name\":\"x\",\"tags\":[\(list)]}", link)
        }
        let found = try await tags(world, "r.io:5000/x")
        #expect(found.count == total && found.first == "v0" && found.last == "v\(total - 1)")
        #expect(found == (0..<total).map { "v\($0)" })
        #expect(world.log.count == (total + size - 1) / size)
        #expect(world.log.allSatisfy { $0.hasPrefix("GET https://r.io:5000/v2/x/tags/list?") })
    }

    @Test func bytesAreCountedOverAllPages() async throws {
        var limits = RegistryLimits()
        limits.tagListBytes = 2500
        let count = Counter()
        let world = TestRegistry(limits: limits) { _, _ in
            let number = count.next()
            let filler = String(repeating: " ", count: 1000)
            return .json("{\"tags\":[\"t\(number)\"]\(filler)}", linked("/v2/x/tags/list?last=\(number)"))
        }
        #expect(await failure { try await tags(world) }?.code == .tooLarge)
        #expect(world.log.count == 3)
    }

    @Test func smallerPagesAreAskedForWhereTheRegistryRefuses() async throws {
        for refusal in [(404, "TOO_MANY_TAGS"), (400, "PAGINATION_NUMBER_INVALID"), (400, "UNSUPPORTED")] {
            let names = (0..<300).map { "v\($0)" }
            let list = Self.pages(names)
            let world = TestRegistry { request, body in
                if let size = request.query("n").flatMap({ Int($0) }), size > 100 {
                    return .init(refusal.0, [:], "{\"errors\":[{\"code\":\"\(refusal.1)\",\"message\":\"m\"}]}")
                }
                return try await list(request, body)
            }
            #expect(try await tags(world) == names)
            #expect(world.log.count == 4)
        }
        let never = TestRegistry { _, _ in .init(400, [:], #"{"errors":[{"code":"TOO_MANY_TAGS"}]}"#) }
        let error = await failure { try await tags(never) }
        #expect(error?.code == .tooManyTags)
        #expect(error?.registryCode == "TOO_MANY_TAGS")
        #expect(never.log.count == 3)
    }

    @Test func anUnchangedListIsNotSentAgain() async throws {
        let world = TestRegistry { request, _ in
            request.headerFields[.ifNoneMatch] == "\"e1\""
                ? .init(304, [:], "") : .json(#"{"tags":["a"]}"#, [.eTag: "\"e1\""])
        }
        let image = try reference("r.io/x")
        let first = try await world.client.tagList(of: image)
        #expect(first.entityTag == "\"e1\"")
        let second = try await world.client.tagList(of: image, revalidating: first)
        #expect(second == first)
        // The validator of one repository means nothing for another.
        _ = try await world.client.tagList(of: try reference("r.io/y"), revalidating: first)
        let conditions = world.transport.exchanges.map { $0.request.headerFields[.ifNoneMatch] }
        #expect(conditions == [nil, "\"e1\"", nil])
    }

    @Test func theValidatorOfAFirstPageVouchesForNoList() async throws {
        let world = TestRegistry { request, _ in
            request.query("last") == nil
                ? .json(#"{"tags":["a"]}"#, linked("/v2/x/tags/list?last=a", [.eTag: "\"e1\""]))
                : .json(#"{"tags":["b"]}"#, [.eTag: "\"e2\""])
        }
        #expect(try await world.client.tagList(of: try reference("r.io/x")).entityTag == nil)
    }

    @Test func anAnswerThatIsNoListIsNamedAsSuch() async throws {
        let answers: [FakeTransport.Answer] = [
            .init(200, [.contentType: "text/html; charset=utf-8"], "<html>s3cret</html>"),
            .init(200, [:], "<html>s3cret</html>"), .json(""), .json("[]"), .json(#"{"tags":"s3cret"}"#),
            .json(#"{"tags":[7]}"#), .json(#"{"tags":["a"]"#), .json(#"{"errors":[]}"#), .json(#"{"tags":["a"]} x"#),
            .json(String(repeating: "[", count: 100_000)),
            .json(#"{"x":"# + String(repeating: #"{"a":"#, count: 50_000)),
        ]
        for answer in answers {
            let world = TestRegistry { _, _ in answer }
            let error = await failure { try await tags(world) }
            #expect(error?.code == .malformedAnswer)
            #expect(error?.message.contains("s3cret") == false)
            #expect(error?.message.contains("r.io/x") == true)
        }
    }

    @Test func statusesAreToldApart() async throws {
        let table: [(Int, RegistryError.Code)] = [
            (404, .notFound), (403, .denied), (429, .rateLimited), (500, .unavailable), (503, .unavailable),
            (418, .rejected), (304, .rejected),
        ]
        for (status, code) in table {
            let world = TestRegistry { _, _ in
                .init(status, [.retryAfter: "7"], #"{"errors":[{"code":"NAME_UNKNOWN","message":"s3cret"}]}"#)
            }
            let error = await failure { try await tags(world) }
            #expect(error?.code == code, "\(status)")
            #expect(error?.status == status)
            #expect(error?.retryAfter == .seconds(7))
            #expect(error?.registryCode == "NAME_UNKNOWN")
            #expect(error?.message.contains("s3cret") == false)
        }
    }

    @Test func anErrorDocumentCannotWriteIntoMessages() async throws {
        for code in ["rm -rf", "lower", String(repeating: "A", count: 65), ""] {
            let world = TestRegistry { _, _ in .init(404, [:], "{\"errors\":[{\"code\":\"\(code)\"}]}") }
            #expect(await failure { try await tags(world) }?.registryCode == nil)
        }
    }

    @Test func anyDocumentIsReadWithoutHarm() async {
        let alphabet = Array(#"{}[]":,tagsname10 é\u"#.utf8)
        await checkProperty(
            cases: 2000,
            generate: { random in (0..<Int.random(in: 0...60, using: &random)).map { _ in random.next() } },
            fails: { numbers in
                let noise = numbers.map { alphabet[Int($0 % UInt64(alphabet.count))] }
                for source in [RegistryClient.TagSource.distribution, .azure] {
                    do throws(RegistryError) {
                        _ = try TagPage(Array("{\"tags\":[".utf8) + noise, source, about: "x")
                        _ = try TagPage(noise, source, about: "x")
                    } catch {
                        if error.code != .malformedAnswer { return "\(error)" }
                    }
                }
                return nil
            }
        )
    }
}

private func linked(_ target: String, _ more: HTTPFields = [:]) -> HTTPFields {
    var headers = more
    if let name = HTTPField.Name("Link") { headers[name] = "<\(target)>; rel=\"next\"" }
    return headers
}
