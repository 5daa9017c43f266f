import KubernetesAPI
import ModelAppAPI

/// What is wrong with the way in which pods are to be replaced.
extension SpecCheck {
    static func strategyProblems(_ spec: ModelAppSpec) -> [FieldProblem] {
        let strategy = spec.rollout.strategy
        let path = "spec.rollout.strategy"
        if spec.target.adopt != nil, strategy.type != .rolling {
            let message = "must be Rolling with spec.target.adopt: an adopted Deployment keeps a strategy of its own"
            return [FieldProblem("\(path).type", message)]
        }
        var problems: [FieldProblem] = []
        if strategy.hasTwoSlots, spec.target.service == nil {
            let message = "is needed with \(path).type \(strategy.type.rawValue): traffic goes over by its selector"
            problems.append(FieldProblem("spec.target.service", message))
        }
        if strategy.type == .canary {
            if let message = problem(withSteps: strategy.steps) {
                problems.append(FieldProblem("\(path).steps", message))
            }
        } else {
            let type = "counts with type Canary only, and the type is \(strategy.type.rawValue)"
            if !strategy.steps.isEmpty { problems.append(FieldProblem("\(path).steps", type)) }
            if strategy.pause != nil { problems.append(FieldProblem("\(path).pause", type)) }
        }
        if strategy.scaleDownDelay != nil, !strategy.hasTwoSlots {
            let message = "counts with type BlueGreen or Canary only, and the type is \(strategy.type.rawValue)"
            problems.append(FieldProblem("\(path).scaleDownDelay", message))
        }
        return problems
    }

    private static func problem(withSteps steps: [Int64]) -> String? {
        guard let first = steps.first else {
            return "is required with type Canary: percentages that rise, such as [10, 50]"
        }
        if let (before, next) = zip(steps, steps.dropFirst()).first(where: { $0 >= $1 }) {
            return "must rise: \(next) comes after \(before)"
        }
        return first >= 100 ? "must begin below 100: a release that gets all at once is BlueGreen" : nil
    }
}
