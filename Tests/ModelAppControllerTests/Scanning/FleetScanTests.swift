import Artifacts
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Synchronization
import TestSupport
import Testing

@testable import ModelAppController

/// Bar: 10,000 ModelApps over 200 repositories and 200 prefixes make 400 listings an interval, within the default budget.
extension FleetTests {
    private static let apps = 10_000
    private static let origins = 200
    private static let interval = Duration.seconds(300)
    private static let intervals = 3

    @Test func tenThousandModelAppsMakeFourHundredListingsAnInterval() async throws {
        let clock = TestClock()
        let time = clock.timeSource()
        let tags = Mutex(0)
        let objects = Mutex(0)
        let transport = FakeTransport { request, _ in
            let path = request.path ?? ""
            if path.contains("list-type=2") {
                if path.hasSuffix("%2F1%2F") { return Self.objects(path) }
                objects.withLock { $0 += 1 }
                return Self.objects(path)
            }
            if path.hasSuffix("/tags/list?n=1000") {
                tags.withLock { $0 += 1 }
                return .init(200, [.contentType: "application/json"], #"{"name":"x","tags":["1"]}"#)
            }
            return SourceScene.registryAnswer(path, method: request.method)
        }
        let resolver = Resolver(
            client: Cluster.client(over: Network(), time),
            access: SourceAccess(transport: { _ in transport }, random: { 0.5 }),
            limits: ScanLimits(),
            time: time
        )
        let apps = try (0..<Self.apps).map { try Self.app($0) }
        var random = SplitMix64(seed: 1)
        // When each looks next, the soonest last.
        var looks = apps.indices.map { index in
            (at: clock.now + Self.interval * Double.random(in: 0..<1, using: &random), app: index)
        }.sorted { $0.at > $1.at }
        let begin = clock.now
        let end = begin + Self.interval * Self.intervals
        var postponed = 0
        for interval in 1...Self.intervals {
            let until = min(begin + Self.interval * interval, end)
            var later: [(at: ContinuousClock.Instant, app: Int)] = []
            while let look = looks.last, look.at < until {
                looks.removeLast()
                if look.at > clock.now { clock.advance(by: look.at - clock.now) }
                let app = apps[look.app]
                let postponements = Postponements()
                let isFound = await Postponements.$current.withValue(postponements) {
                    let code = await resolver.code.resolve(app, running: nil, isRequested: false).resolution.version
                    let model = await resolver.model.resolve(app, running: nil, isRequested: false).resolution.version
                    return code?.tag == "1" && model?.version.version == "1"
                }
                if let turn = postponements.until {
                    postponed += 1
                    later.append((turn, look.app))
                    continue
                }
                #expect(isFound, "app \(look.app) in interval \(interval)")
                let pause = Self.interval * (0.9 + 0.2 * Double.random(in: 0..<1, using: &random))
                later.append((look.at + pause, look.app))
            }
            looks = (looks + later).sorted { $0.at > $1.at }
        }
        // A listing is served for nine tenths of an interval, and then until the next of fifty looks.
        let most = Int((Double(Self.origins * Self.intervals) / 0.9).rounded(.up)) + Self.origins
        let least = Self.origins * Self.intervals
        for (count, what) in [(tags.withLock { $0 }, "tags"), (objects.withLock { $0 }, "objects")] {
            #expect((least...most).contains(count), "\(count) listings of \(what) in \(Self.intervals) intervals")
        }
        // Sources are looked at spread over the first interval: that is far from what a host may be asked.
        #expect(postponed == 0)
    }

    private static func app(_ number: Int) throws -> ModelApp {
        let source = number % origins
        let document: JSONValue = [
            "metadata": ["name": .string("app-\(number)"), "namespace": "default", "uid": .string("u\(number)")],
            "spec": [
                "interval": "5m",
                "code": ["image": .string("registry.test/api-\(source)"), "select": ["numerical": .object([:])]],
                "model": [
                    "s3": [
                        "bucket": "models", "prefix": .string("model-\(source)/"), "endpoint": "https://store.test",
                    ],
                    "versions": [
                        "filter": ["match": "^(?<v>[0-9]+)/$", "extract": "$v"], "select": ["numerical": .object([:])],
                    ],
                    "complete": ["marker": "DONE"],
                ],
                "delivery": ["mode": "Reference"],
                "target": ["own": ["template": ["spec": ["containers": [["name": "api"]]]]]],
            ],
        ]
        return try ModelApp(parsing: document.canonicalBytes)
    }

    /// One version with a file and its marker, whatever the prefix.
    private static func objects(_ path: String) -> FakeTransport.Answer {
        let encoded = path.split(separator: "&").first { $0.hasPrefix("prefix=") }?.dropFirst(7) ?? ""
        let prefix = HTTPURL.decode(encoded) ?? ""
        let root = prefix.hasSuffix("/1/") ? prefix : prefix + "1/"
        let contents = ["weights", "DONE"].map { name in
            "<Contents><Key>\(root)\(name)</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified>"
                + "<ETag>&quot;\(name)&quot;</ETag><Size>7</Size></Contents>"
        }
        let text =
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated>"
            + contents.joined() + "</ListBucketResult>"
        return .init(200, [.contentType: "application/xml"], text)
    }
}
