import Artifacts
import KubernetesAPI
import ModelAppAPI

/// What is wrong with checks before traffic, beyond what the schema can say.
enum VerifyCheck {
    static func problems(in steps: [VerifyStep]) -> [FieldProblem] {
        steps.flatMap { step -> [FieldProblem] in
            let field = "spec.rollout.verify[\(step.name)]"
            if let http = step.http { return problems(in: http.expect, "\(field).http.expect") }
            if let query = step.prometheus, query.max == nil, query.min == nil {
                return [FieldProblem("\(field).prometheus", "needs max or min")]
            }
            if let predictions = step.predictions { return problems(in: predictions, "\(field).predictions") }
            return []
        }
    }

    private static func problems(in check: PredictionCheck, _ field: String) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if let path = check.jsonPath {
            do throws(JSONPath.ParseError) { _ = try JSONPath(path) } catch {
                problems.append(FieldProblem("\(field).jsonPath", "\(error): \(path.clipped)"))
            }
        }
        func number(_ value: Decimal64?, _ name: String, atMost limit: Double, _ range: String) {
            guard let value else { return }
            if let number = Double(value.text), (0...limit).contains(number) { return }
            problems.append(FieldProblem("\(field).\(name)", "must be \(range), not \(value.text.clipped)"))
        }
        number(check.agreement, "agreement", atMost: 1, "0 to 1")
        number(check.tolerance, "tolerance", atMost: .greatestFiniteMagnitude, "0 or more")
        number(check.maxDrift, "maxDrift", atMost: .greatestFiniteMagnitude, "0 or more")
        return problems
    }

    private static func problems(in expect: HTTPExpectation, _ field: String) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if let path = expect.jsonPath {
            do throws(JSONPath.ParseError) { _ = try JSONPath(path) } catch {
                problems.append(FieldProblem("\(field).jsonPath", "\(error): \(path.clipped)"))
            }
        } else if expect.equals != nil {
            problems.append(FieldProblem("\(field).jsonPath", "is needed to know where equals is meant"))
        }
        if expect.tolerance != nil, expect.equals.flatMap(Double.init) == nil {
            problems.append(FieldProblem("\(field).equals", "must be a number where tolerance is set"))
        }
        return problems
    }
}
