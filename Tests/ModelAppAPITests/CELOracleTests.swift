import JSON
import KubernetesAPI
import ModelAppAPI
import TestSupport
import Testing

/// Servers that know CEL and servers that ignore it refuse the same objects: each rule is evaluated by cel-python, and the
/// structural schema (`oneOf`, `not`) by ours, on every combination of the members that the rule names.
@Suite("CEL rules", .timeLimit(.minutes(2)), .enabled(if: PythonOracle.isAvailable))
struct CELOracleTests {
    private static let oracle = PythonOracle(
        """
        import json, sys
        import celpy
        environment = celpy.Environment()
        answers = []
        for question in json.load(open(sys.argv[1])):
            program = environment.program(environment.compile(question["rule"]))
            values = [celpy.json_to_cel(json.loads(value)) for value in question["values"]]
            answers.append([bool(program.evaluate({"self": value})) for value in values])
        json.dump(answers, open(sys.argv[2], "w"))
        """
    )

    private struct Question: Encodable {
        var rule: String
        var values: [String]
    }

    private struct Node {
        var path: String
        var schema: OpenAPISchema
    }

    private static func nodesWithRules() -> [Node] {
        var nodes: [Node] = []
        func walk(_ path: String, _ schema: OpenAPISchema) {
            if !schema.validations.isEmpty { nodes.append(Node(path: path, schema: schema)) }
            for (name, property) in schema.properties { walk("\(path).\(name)", property) }
            if let items = schema.items { walk("\(path)[]", items) }
            if let values = schema.additionalProperties { walk("\(path){}", values) }
        }
        walk("", ModelAppDefinition.schema)
        return nodes.sorted { $0.path < $1.path }
    }

    @Test func theyRefuseWhatTheStructureRefuses() throws {
        var questions: [Question] = []
        var expected: [(path: String, value: String, isTaken: Bool)] = []
        for node in Self.nodesWithRules() {
            for validation in node.schema.validations {
                let members = validation.rule.matches(of: /has\(self\.([A-Za-z0-9]+)\)/).map { String($0.1) }
                #expect(
                    !members.isEmpty && members.count <= 8,
                    "\(node.path): a rule of another kind needs a test of its own"
                )
                var question = Question(rule: validation.rule, values: [])
                for combination in 0..<(1 << members.count) {
                    var value: JSONValue = [:]
                    for (index, name) in members.enumerated() where combination >> index & 1 == 1 {
                        value[name] = SchemaSample.full(
                            try #require(node.schema.properties[name], "\(node.path).\(name)")
                        )
                    }
                    question.values.append(value.canonicalText)
                    // Of the structure only what it says of these members: others may be required too.
                    let problems = node.schema.problems(with: value) { _, _ in true }
                    let isRefused = problems.contains { problem in
                        problem.field.isEmpty && problem.message.contains("one of " + members.joined(separator: ", "))
                    }
                    expected.append((node.path, value.canonicalText, !isRefused))
                }
                questions.append(question)
            }
        }
        #expect(questions.count >= 14 && expected.count > 100)
        let answers = try Self.oracle.ask(questions, [[Bool]].self).flatMap { $0 }
        #expect(answers.count == expected.count)
        for (answer, (path, value, isTaken)) in zip(answers, expected) {
            #expect(answer == isTaken, "\(path): \(value)")
        }
    }
}
