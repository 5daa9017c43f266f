import Foundation
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

/// What Argo CD and Flux make of a ModelApp: the files of docs/gitops, run by Debian's Lua and by cel-python.
///
/// Argo CD runs Lua 5.1 with next to no libraries, so they are taken away here.
@Suite(.timeLimit(.minutes(1)))
struct GitOpsHealthTests {
    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/docs/gitops/"
    private static let bundle = folder + "argocd/modelapp.dev/ModelApp/"
    private static let interpreters = ["lua5.1", "lua5.4"]

    private static func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
    private static func document(_ path: String) throws -> JSONValue {
        try #require(try YAML.documents(Array(text(path).utf8)).first)
    }

    /// What a script returns for an object.
    private static func run(_ script: String, on object: JSONValue, by interpreter: String) async throws -> JSONValue {
        let tool = try #require(Tool.find(interpreter), "\(interpreter) is missing")
        let program = """
            local format, type, pairs, sort, concat = string.format, type, pairs, table.sort, table.concat
            local function json(value)
              if type(value) == "string" then
                return '"' .. value:gsub('[%c"\\\\]', function(c) return format("\\\\u%04x", c:byte()) end) .. '"'
              elseif type(value) ~= "table" then
                if type(value) == "number" and value % 1 == 0 then return format("%d", value) end
                return value == nil and "null" or tostring(value)
              end
              local parts, isList = {}, #value > 0
              if isList then
                for _, member in ipairs(value) do parts[#parts + 1] = json(member) end
              else
                for key, member in pairs(value) do parts[#parts + 1] = json(key) .. ":" .. json(member) end
              end
              return (isList and "[" or "{") .. concat(parts, ",") .. (isList and "]" or "}")
            end
            local run, write, date, index = dofile, io.write, os.date, getmetatable("").__index
            obj = \(lua(object))
            getmetatable("").__index = nil
            string, table, io, math, debug, coroutine, utf8, package, load, loadstring = nil
            os = nil
            function require(name) return name == "os" and { date = date } or error("no " .. name) end
            local result = run(arg[1])
            getmetatable("").__index = index
            write(json(result))
            """
        let file = try TemporaryFolder()
        try file.write(program, to: "run.lua")
        let result = try await tool.run([file.path + "/run.lua", script])
        try #require(result.status == 0, "\(result.output)")
        return try JSONValue(parsing: result.output)
    }

    /// A value as a Lua expression.
    private static func lua(_ value: JSONValue) -> String {
        switch value {
        case .object(let members): "{" + members.map { "[\(quoted($0))]=\(lua($1))" }.joined(separator: ",") + "}"
        case .array(let elements): "{" + elements.map(lua).joined(separator: ",") + "}"
        case .string(let text): quoted(text)
        case .null: "nil"
        default: value.canonicalText
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.utf8.map { "\\" + String(repeating: "0", count: 3 - String($0).count) + String($0) }.joined() + "\""
    }

    // MARK: Argo CD

    @Test(.enabled(if: interpreters.allSatisfy(Tool.runs)), arguments: interpreters)
    func healthIsWhatTheBundleSays(_ interpreter: String) async throws {
        let cases = try Self.document(Self.bundle + "health_test.yaml")["tests"]?.array ?? []
        #expect(cases.count == 10)
        for test in cases {
            let path = try #require(test["inputPath"]?.string)
            let object = try Self.document(Self.bundle + path)
            let health = try await Self.run(Self.bundle + "health.lua", on: object, by: interpreter)
            #expect(health == test["healthStatus"], "\(path)")
        }
    }

    @Test(.enabled(if: interpreters.allSatisfy(Tool.runs)), arguments: interpreters)
    func actionsAreOfferedWhereTheyMakeSense(_ interpreter: String) async throws {
        let tests = try Self.document(Self.bundle + "actions/action_test.yaml")
        for test in tests["discoveryTests"]?.array ?? [] {
            let path = try #require(test["inputPath"]?.string)
            let object = try Self.document(Self.bundle + "actions/" + path)
            let found = try await Self.run(Self.bundle + "actions/discovery.lua", on: object, by: interpreter)
            for entry in test["result"]?.array ?? [] {
                let name = try #require(entry["name"]?.string)
                #expect(found[name]?["disabled"] == entry["disabled"], "\(path): \(name)")
            }
        }
        for test in tests["actionTests"]?.array ?? [] {
            let action = try #require(test["action"]?.string)
            let input = try Self.document(Self.bundle + "actions/" + (test["inputPath"]?.string ?? ""))
            let output = try Self.document(Self.bundle + "actions/" + (test["expectedOutputPath"]?.string ?? ""))
            let script = Self.bundle + "actions/\(action)/action.lua"
            let result = try await Self.run(script, on: input, by: interpreter)
            #expect(result["metadata"] == output["metadata"], "\(action)")
        }
    }

    /// The actions write annotations that the operator understands.
    @Test(.enabled(if: interpreters.allSatisfy(Tool.runs)), arguments: interpreters)
    func actionsDoWhatTheySay(_ interpreter: String) async throws {
        func act(_ action: String, on world: inout World) async throws {
            let script = Self.bundle + "actions/\(action)/action.lua"
            let result = try await Self.run(script, on: world.app.document, by: interpreter)
            world.app.metadata.annotations = (result["metadata"]?["annotations"]?.object ?? [:])
                .compactMapValues(\.string)
        }
        var world = World(try Fixtures.app())
        try world.converge(Fixtures.resolution(1, 1))
        try world.converge(Fixtures.resolution(2, 1))
        try await act("rollback", on: &world)
        try world.converge(Fixtures.resolution(2, 1))
        #expect(world.app.status.release?.current?.code.tag == "1")
        try await act("resume", on: &world)
        try world.converge(Fixtures.resolution(2, 1))
        #expect(world.app.status.release?.current?.code.tag == "2")
        try world.settle(Fixtures.resolution(3, 1))
        world.failRollout(Trouble.crash)
        try world.settle(Fixtures.resolution(3, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(3, 1))
        #expect(world.app.status.release?.current?.code.tag == "2")
        try await act("unquarantine", on: &world)
        try world.converge(Fixtures.resolution(3, 1))
        #expect(world.app.status.release?.current?.code.tag == "3")
        try await act("reconcile", on: &world)
        #expect(world.app.metadata.annotations[Keys.reconcileRequestedAt]?.hasPrefix("20") == true)
    }

    @Test func theConfigMapHoldsTheFiles() throws {
        let data = try Self.document(Self.folder + "argocd/argocd-cm.yaml")["data"]
        let health = data?["resource.customizations.health.modelapp.dev_ModelApp"]
        #expect(try health == .string(Self.text(Self.bundle + "health.lua")))
        let actions = try #require(data?["resource.customizations.actions.modelapp.dev_ModelApp"]?.string)
        let parsed = try #require(try YAML.documents(Array(actions.utf8)).first)
        #expect(try parsed["discovery.lua"] == .string(Self.text(Self.bundle + "actions/discovery.lua")))
        let definitions = parsed["definitions"]?.array ?? []
        #expect(definitions.count == 5)
        for definition in definitions {
            let name = definition["name"]?.string ?? ""
            #expect(try definition["action.lua"] == .string(Self.text(Self.bundle + "actions/\(name)/action.lua")))
        }
    }

    // MARK: Statuses that the planner makes

    private struct State {
        var name: String
        var argo: String
        var flux: String
        var app: ModelApp
    }

    /// ModelApps in all states that differ for a GitOps tool, with what each tool should see.
    private static func states() throws -> [State] {
        var states: [State] = []
        func add(_ name: String, _ argo: String, _ flux: String, _ world: World) {
            states.append(State(name: name, argo: argo, flux: flux, app: world.app))
        }
        let path = "target.own.template.spec.containers.0.env.0.value"
        var world = World(try Fixtures.app())
        add("new", "Progressing", "InProgress", world)
        try world.settle(Fixtures.resolution(1, 1))
        add("first rollout", "Progressing", "InProgress", world)
        try world.converge(Fixtures.resolution(1, 1))
        add("converged", "Healthy", "Current", world)
        let converged = world
        world.app = try edited(world.app, [path: "other"])
        add("edited and not seen", "Progressing", "InProgress", world)
        try world.settle(Fixtures.resolution(1, 1))
        add("an edit rolls out", "Progressing", "InProgress", world)
        world.failRollout(Trouble.crash)
        try world.settle(Fixtures.resolution(1, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(1, 1))
        add("an edit is rolled back", "Degraded", "Failed", world)
        world = converged
        try world.settle(Fixtures.resolution(2, 1))
        world.failRollout(Trouble.crash)
        try world.settle(Fixtures.resolution(2, 1))
        world.finishRollout()
        try world.settle(Fixtures.resolution(2, 1))
        add("an update is rolled back", "Healthy", "Current", world)
        world = converged
        world.app = try edited(
            world.app,
            [
                "rollout.windows": [["name": "n", "cron": "0 2 * * *", "duration": "1h"]], path: "other",
            ]
        )
        try world.settle(Fixtures.resolution(1, 1))
        add("an edit waits", "Suspended", "Current", world)
        world = converged
        world.app = try edited(world.app, ["suspend": true])
        try world.settle(Fixtures.resolution(1, 1))
        add("suspended", "Suspended", "Current", world)
        world = converged
        world.app = try edited(world.app, ["code.image": "not an image"])
        try world.settle(Fixtures.resolution(1, 1))
        add("wrong", "Degraded", "Failed", world)
        return states
    }

    @Test(.enabled(if: interpreters.allSatisfy(Tool.runs)))
    func argoSeesEachStateAsItIs() async throws {
        for state in try Self.states() {
            let object = state.app.document
            let health = try await Self.run(Self.bundle + "health.lua", on: object, by: "lua5.1")
            #expect(health["status"]?.string == state.argo, "\(state.name): \(health)")
        }
    }

    private static let oracle = PythonOracle(
        """
        import json, sys
        import celpy
        question = json.load(open(sys.argv[1]))
        environment = celpy.Environment()
        programs = [environment.program(environment.compile(rule)) for rule in question["rules"]]
        answers = []
        for text in question["objects"]:
            members = {name: celpy.json_to_cel(value) for name, value in json.loads(text).items()}
            answers.append([bool(program.evaluate(members)) for program in programs])
        json.dump(answers, open(sys.argv[2], "w"))
        """
    )

    private struct Question: Encodable {
        var rules: [String]
        var objects: [String]
    }

    @Test(.enabled(if: PythonOracle.isAvailable))
    func fluxSeesEachStateAsItIs() throws {
        let file = try Self.document(Self.folder + "flux/health-check-exprs.yaml")
        let rule = try #require(file["healthCheckExprs"]?[0])
        #expect(rule["apiVersion"]?.string == ModelApp.resource.apiVersion)
        let names = ["inProgress", "failed", "current"]
        let rules = try names.map { try #require(rule[$0]?.string) }
        let states = try Self.states()
        // As the API server has it: the status of one that was never seen is the CRD's default.
        let objects = states.map { state in
            var object = state.app.document
            if object["status"] == nil { object["status"] = ["observedGeneration": -1] }
            return object.canonicalText
        }
        let answers = try Self.oracle.ask(Question(rules: rules, objects: objects), [[Bool]].self)
        for (state, answer) in zip(states, answers) {
            // Flux asks in this order.
            let seen = answer[0] ? "InProgress" : answer[1] ? "Failed" : answer[2] ? "Current" : "InProgress"
            #expect(seen == state.flux, "\(state.name): \(answer)")
        }
    }
}
