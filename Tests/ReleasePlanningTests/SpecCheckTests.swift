import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Selection
import Testing

/// What a server cannot refuse, the status says, by field.
@Suite(.timeLimit(.minutes(1)))
struct SpecCheckTests {
    private static let invalid: [(String, JSONValue?, String)] = [
        ("interval", "500ms", "spec.interval: must be at least 1s, not 500ms"),
        ("code.image", "ACR/app", "spec.code.image: "),
        ("code.image", "acr.io/app:v1", "spec.code.image: names a repository, without tag and digest: acr.io/app"),
        ("code.select", [:], "spec.code.select: exactly one of semver, numerical, alphabetical, newest, tag is needed"),
        ("code.select", ["semver": ["range": "banana"]], "spec.code.select.semver.range: "),
        ("code.filter", ["match": "(a"], "spec.code.filter.match: "),
        ("code.filter", ["match": "(?=a)"], "spec.code.filter.match: "),
        ("code.exclude", ["ok", "[z-a]"], "spec.code.exclude[1]: "),
        ("code.platforms", ["linux/amd64", "linux"], "spec.code.platforms[1]: "),
        ("model.s3.prefix", "resnet", "spec.model.s3.prefix: must end at a slash: \"resnet/\""),
        (
            "model.tls", ["plainHTTP": true],
            "spec.model.tls.plainHTTP: needs an endpoint that begins with http://; without"
        ),
        ("model.versions", nil, "spec.model: exactly one of versions, pointer, objects is needed with a blob store"),
        ("model.versions.filter", ["match": "*"], "spec.model.versions.filter.match: "),
        ("delivery.mode", "Baked", "spec.delivery.baked: is required with mode Baked"),
        (
            "delivery.baked", ["repository": "a/b"],
            "spec.delivery.baked: counts with mode Baked only, and the mode is InitContainer"
        ),
        (
            "target.service.ports", [["port": 80, "name": "a"], ["port": 81]],
            "spec.target.service.ports[1].name: is required where there are several ports"
        ),
        (
            "verification", ["code": ["cosign": ["trustStoreRef": ["name": "roots"]]]],
            "spec.verification.code.cosign.identities: is required with trustStoreRef"
        ),
        (
            "verification", ["code": ["cosign": ["keyRef": ["name": "key"], "identities": ["ci"]]]],
            "spec.verification.code.cosign.identities: says whose certificates count and needs trustStoreRef"
        ),
        (
            "verification", ["code": ["cosign": ["keyRef": ["name": "k"], "trustStoreRef": ["name": "r"]]]],
            "spec.verification.code.cosign: only one of keyRef, trustStoreRef may be set"
        ),
        (
            "verification", ["model": ["signature": ["keyRef": ["name": "key"], "identities": ["ci"]]]],
            "spec.verification.model.signature.identities: says whose certificates count"
        ),
        ("verification", ["model": [:]], "spec.verification.model: exactly one of manifest, signature"),
        ("target.own", nil, "spec.target: exactly one of adopt, own is needed"),
        (
            "target", ["adopt": ["name": "web/status"]],
            "spec.target.adopt.name: \"web/status\" must match ^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
        ),
        ("rollout.historyLimit", 1, "spec.rollout.historyLimit: must be at least 2, not 1"),
    ]

    @Test(arguments: invalid.indices)
    func aProblemNamesItsField(index: Int) throws {
        let (path, value, expected) = Self.invalid[index]
        let app = try Fixtures.app(Fixtures.spec([path: value]))
        let problems = SpecCheck.problems(in: app).map(\.description)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
        let plan = try World(app).plan(Fixtures.resolution(1, 1))
        #expect(plan.summary == [])
        #expect(plan.conditions.suffix(2) == ["Ready=False InvalidSpec", "Stalled=True InvalidSpec"])
        #expect(plan.status.condition("Ready")?.message.isEmpty == false)
    }

    @Test func globsAndFixedNamesExcludeEachOther() throws {
        let spec = Fixtures.spec([
            "model.versions": nil, "model.objects": ["a.onnx"], "model.complete": ["settle": "1m"],
            "model.excludeFiles": ["*.tmp"],
        ])
        let problems = SpecCheck.problems(in: try Fixtures.app(spec)).map(\.field)
        #expect(problems == ["spec.model.excludeFiles"])
    }

    private static let invalidArtifacts: [(String, JSONValue?, String)] = [
        ("model.oci", ["repository": "ACR/x"], "spec.model.oci.repository: "),
        (
            "model.oci", ["repository": "acr.io/x:1"],
            "spec.model.oci.repository: names a repository, without tag and digest: acr.io/x"
        ),
        ("model.versions", nil, "spec.model.versions: is required with oci"),
        ("model.pointer", ["key": "LATEST"], "spec.model: only one of versions, pointer, objects may be set"),
        ("model.complete", ["marker": "DONE"], "spec.model.complete: is for blob stores"),
    ]

    @Test(arguments: invalidArtifacts.indices)
    func aProblemWithAnArtifactNamesItsField(index: Int) throws {
        let (path, value, expected) = Self.invalidArtifacts[index]
        let base: [String: JSONValue?] = [
            "model.s3": nil, "model.complete": nil, "model.oci": ["repository": "registry.test/models/resnet"],
        ]
        #expect(SpecCheck.problems(in: try Fixtures.app(Fixtures.spec(base))) == [])
        let app = try Fixtures.app(Fixtures.spec(base.merging([path: value]) { $1 }))
        let problems = SpecCheck.problems(in: app).map(\.description)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    private static let invalidRegistrations: [(String, JSONValue?, String)] = [
        ("model.mlflow", ["url": "mlflow:5000", "model": "m", "alias": "a"], "spec.model.mlflow.url: must begin with"),
        ("model.versions", ["select": ["numerical": [:]]], "spec.model.versions: is for other sources"),
        ("model.pointer", ["key": "LATEST"], "spec.model.pointer: is for other sources"),
        ("model.complete", ["marker": "DONE"], "spec.model.complete.marker: is for blob stores"),
        ("model.complete", ["settle": "1m"], "spec.model.complete.settle: is for blob stores"),
        ("model.auth", ["identity": ["provider": "azure"]], "spec.model.auth.identity: opens no MLflow server"),
        ("model.tls", ["plainHTTP": true], "spec.model.tls.plainHTTP: needs an endpoint that begins with http://"),
    ]

    @Test(arguments: invalidRegistrations.indices)
    func aProblemWithARegisteredModelNamesItsField(index: Int) throws {
        let (path, value, expected) = Self.invalidRegistrations[index]
        let base: [String: JSONValue?] = [
            "model.s3": nil, "model.complete": nil, "model.versions": nil,
            "model.mlflow": ["url": "https://mlflow:5000", "model": "m", "alias": "a"],
        ]
        let sound = try Fixtures.app(Fixtures.spec(base))
        #expect(SpecCheck.problems(in: sound) == [] && SpecCheck.unsupported(in: sound.spec) == [])
        let app = try Fixtures.app(Fixtures.spec(base.merging([path: value]) { $1 }))
        let problems = SpecCheck.problems(in: app).map(\.description)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    /// Without TLS a registry is spoken to where that is asked for; it has no endpoint whose scheme could say so.
    @Test func plainHTTPNeedsNoEndpointWithARegistry() throws {
        let spec = Fixtures.spec([
            "model.s3": nil, "model.complete": nil, "model.oci": ["repository": "127.0.0.1:5000/models/resnet"],
            "model.tls": ["plainHTTP": true],
        ])
        #expect(SpecCheck.problems(in: try Fixtures.app(spec)) == [])
    }

    @Test(arguments: ["", "Classifier", "1a", "a-", "a23456789012345678901234567890123456789012345678", "a.b", "a_b"])
    func aNameWithoutRoomForSuffixesIsRefused(name: String) throws {
        var app = try Fixtures.app()
        app.metadata.name = name
        #expect(SpecCheck.problems(in: app).map(\.field) == ["metadata.name"])
    }

    @Test func anInvalidEditLeavesTheRunningReleaseAsItIs() throws {
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        let release = world.app.status.release
        world.app = try edited(world.app, ["code.select": ["semver": ["range": "banana"]]])
        let plan = try world.plan(Fixtures.resolution(2, 2))
        #expect(plan.isEmpty)
        #expect(plan.status.release == release)
    }

    @Test func manyProblemsAreSaidInOneShortMessage() throws {
        let exclude = JSONValue.array((0..<30).map { .string("(\($0)") })
        let app = try Fixtures.app(Fixtures.spec(["code.exclude": exclude, "interval": "1ms", "code.image": "?"]))
        let plan = try World(app).plan(.pending)
        let message = plan.status.condition("Stalled")?.message ?? ""
        #expect(message.contains("spec.interval") && message.utf8.count < 2000)
    }

    @Test func rulesOfTheSpecBecomeRulesOfSelection() throws {
        let spec = try Fixtures.app(
            Fixtures.spec([
                "code.filter": ["match": "^v(.+)$", "extract": "$1"], "rollout.minAge": "30m",
                "rollout.skip": ["code": ["v3"], "model": ["9/"]], "rollout.pin": ["model": "4/"],
                "code.onMissing": "Downgrade",
            ])
        ).spec
        let code = try SelectionSpec.codeRules(spec)
        #expect(code.policy == .numerical(.ascending))
        #expect(code.minimumAge == 1_800_000)
        #expect(code.skip == ["v3"])
        #expect(code.pin == nil)
        #expect(code.onMissing == .downgrade)
        #expect(code.exclude.count == SelectionRules.defaultExclude.count)
        let names = ["v1", "v2", "v3", "latest", "v2.sig"]
        let outcome = code.select(from: names.map { Candidate(name: $0, time: 0) }, now: 10_000_000)
        #expect(outcome.ranked.map(\.candidate.name) == ["v2", "v1"])
        let model = try #require(try SelectionSpec.modelRules(spec))
        #expect(model.pin == "4/")
        #expect(model.skip == ["9/"])
        #expect(model.onMissing == .keep)
    }

    private static let completeness: [(JSONValue?, CompletenessRule)] = [
        (nil, .settle(120_000)), (["settle": "10s"], .settle(10_000)), (["marker": "_SUCCESS"], .marker("_SUCCESS")),
        (["manifest": "M.json"], .manifest("M.json")),
    ]

    @Test(arguments: completeness.indices)
    func completenessIsTwoMinutesOfSilenceUnlessSaidOtherwise(index: Int) throws {
        let (complete, expected) = Self.completeness[index]
        let spec = try Fixtures.app(Fixtures.spec(["model.complete": complete])).spec
        #expect(try SelectionSpec.objectRules(spec).complete == expected)
    }

    @Test func fixedNamesAreNeededAsTheyAre() throws {
        let spec = try Fixtures.app(Fixtures.spec(["model.versions": nil, "model.objects": ["a", "b"]])).spec
        #expect(try SelectionSpec.objectRules(spec).fixedNames == ["a", "b"])
        #expect(try SelectionSpec.modelRules(spec) == nil)
    }
}
