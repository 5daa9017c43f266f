import JSON
import ReleasePlanning
import Testing

/// Whether what was applied is what lives, on a server that normalises.
@Suite(.timeLimit(.minutes(1)))
struct FieldComparisonTests {
    private static let same: [(String, String)] = [
        ("{}", #"{"a":1}"#), (#"{"a":1}"#, #"{"a":1,"b":2}"#), (#"{"a":{"b":1}}"#, #"{"a":{"b":1,"c":2}}"#),
        // What Go leaves out where it is empty.
        (#"{"a":{},"b":[],"c":"","d":false,"e":null,"f":0,"g":{"h":{}}}"#, "{}"), (#"{"a":{}}"#, #"{"a":{"b":1}}"#),
        (#"{"emptyDir":{}}"#, #"{"emptyDir":{}}"#), (#"{"a":""}"#, #"{"a":null}"#),
        // Quantities.
        (
            #"{"resources":{"limits":{"cpu":"1000m","memory":"1024Mi"}}}"#,
            #"{"resources":{"limits":{"cpu":"1","memory":"1Gi"}}}"#
        ),
        (#"{"resources":{"requests":{"cpu":0.5}}}"#, #"{"resources":{"requests":{"cpu":"500m"}}}"#),
        (#"{"emptyDir":{"sizeLimit":"2048Mi"}}"#, #"{"emptyDir":{"sizeLimit":"2Gi"}}"#),
        (#"{"resourceFieldRef":{"divisor":1}}"#, #"{"resourceFieldRef":{"divisor":"1"}}"#),
        // Lists with keys: order and further elements do not matter, nor do further members.
        (
            #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            #"{"containers":[{"name":"x"},{"name":"b","z":1},{"name":"a"}]}"#
        ),
        (#"{"env":[{"name":"A","value":"1"}]}"#, #"{"env":[{"name":"B"},{"name":"A","value":"1"}]}"#),
        (#"{"ports":[{"containerPort":80}]}"#, #"{"ports":[{"containerPort":80,"protocol":"TCP"}]}"#),
        (
            #"{"ports":[{"port":53,"protocol":"UDP"},{"port":53}]}"#,
            #"{"ports":[{"port":53,"protocol":"TCP","nodePort":3},{"port":53,"protocol":"UDP"}]}"#
        ),
        (
            #"{"volumeMounts":[{"mountPath":"/a","name":"v"}]}"#,
            #"{"volumeMounts":[{"mountPath":"/b","name":"v"},{"mountPath":"/a","name":"v"}]}"#
        ),
        (
            #"{"topologySpreadConstraints":[{"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule","maxSkew":1},{"topologyKey":"z","whenUnsatisfiable":"ScheduleAnyway","maxSkew":2}]}"#,
            #"{"topologySpreadConstraints":[{"topologyKey":"z","whenUnsatisfiable":"ScheduleAnyway","maxSkew":2},{"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule","maxSkew":1}]}"#
        ),
        // Lists without keys are their elements in order.
        (#"{"command":["a","b"]}"#, #"{"command":["a","b"]}"#),
        (#"{"tolerations":[{"key":"a"}]}"#, #"{"tolerations":[{"key":"a","operator":"Equal"}]}"#),
    ]

    @Test(arguments: same.indices)
    func whatTheServerAddsOrRewritesIsNoDifference(index: Int) throws {
        let (applied, live) = Self.same[index]
        let difference = FieldComparison.firstDifference(
            applied: try JSONValue(parsing: applied),
            live: try JSONValue(parsing: live)
        )
        #expect(difference == nil)
    }

    private static let different: [(String, String, String)] = [
        (#"{"a":1}"#, #"{"a":2}"#, "a"), (#"{"a":1}"#, "{}", "a"), (#"{"a":{"b":1}}"#, #"{"a":{}}"#, "a.b"),
        (#"{"a":"x"}"#, #"{"a":""}"#, "a"), (#"{"a":true}"#, "{}", "a"), (#"{"a":{"b":"x"}}"#, "{}", "a"),
        (#"{"a":1}"#, #"{"a":"1"}"#, "a"), (#"{"a":{}}"#, #"{"a":[1]}"#, "a"),
        // A list without keys differs in length, order and content.
        (#"{"command":["a","b"]}"#, #"{"command":["a"]}"#, "command"),
        (#"{"command":["a"]}"#, #"{"command":["a","b"]}"#, "command"),
        (#"{"command":["a","b"]}"#, #"{"command":["b","a"]}"#, "command[0]"),
        (#"{"args":[]}"#, #"{"args":["x"]}"#, "args"),
        (
            #"{"containers":[{"name":"a","command":["x"]}]}"#, #"{"containers":[{"name":"a","command":["y"]}]}"#,
            "containers[name=a].command[0]"
        ),
        (#"{"containers":[{"name":"a"}]}"#, #"{"containers":[{"name":"b"}]}"#, "containers[name=a]"),
        (#"{"env":[{"name":"A","value":"1"}]}"#, #"{"env":[{"name":"A","value":"2"}]}"#, "env[name=A].value"),
        (#"{"ports":[{"port":53,"protocol":"UDP"}]}"#, #"{"ports":[{"port":53,"protocol":"TCP"}]}"#, "ports[port=53]"),
        (#"{"resources":{"limits":{"cpu":"1"}}}"#, #"{"resources":{"limits":{"cpu":"2"}}}"#, "resources.limits.cpu"),
        (#"{"resources":{"limits":{"cpu":"x"}}}"#, #"{"resources":{"limits":{"cpu":"y"}}}"#, "resources.limits.cpu"),
        // Only quantities are read as quantities.
        (#"{"env":[{"name":"A","value":"1000m"}]}"#, #"{"env":[{"name":"A","value":"1"}]}"#, "env[name=A].value"),
        (#"{"labels":{"x":"1024Mi"}}"#, #"{"labels":{"x":"1Gi"}}"#, "labels.x"),
    ]

    @Test(arguments: different.indices)
    func aFieldThatHasAnotherValueIsNamed(index: Int) throws {
        let (applied, live, path) = Self.different[index]
        let difference = FieldComparison.firstDifference(
            applied: try JSONValue(parsing: applied),
            live: try JSONValue(parsing: live)
        )
        #expect(difference == path)
    }
}
