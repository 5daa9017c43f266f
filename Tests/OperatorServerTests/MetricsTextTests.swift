import Metrics
import Testing

@testable import OperatorServer

@Suite struct MetricsTextTests {
    private let registry = MetricsRegistry(catalog: [
        MetricDescription("second_total", .counter, labels: ["a", "b"], "A \\ and\na line."),
        MetricDescription("first_seconds", .histogram, labels: ["name"], buckets: [0.25, 1], "Durations."),
    ])

    @Test func countersHaveHelpTypeAndEscapedLabelsInAStableOrder() {
        Counter(label: "second_total", dimensions: [("b", "x\"\n\\"), ("a", "2")], factory: registry).increment(by: 3)
        Counter(label: "second_total", dimensions: [("a", "1"), ("b", "")], factory: registry).increment(by: 0)
        #expect(
            registry.text == """
                # HELP second_total A \\\\ and\\na line.
                # TYPE second_total counter
                second_total{a="1",b=""} 0
                second_total{a="2",b="x\\"\\n\\\\"} 3

                """
        )
    }

    @Test func oneNameAndOneLabelSetAreOneSeries() {
        for _ in 0..<2 {
            Counter(label: "second_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
            Counter(label: "second_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        }
        #expect(registry.text.contains("second_total{a=\"1\",b=\"2\"} 4\n"))
    }

    @Test func timersAreHistogramsOfSecondsWithCumulativeBuckets() {
        let timer = Timer(label: "first_seconds", dimensions: [("name", "q")], factory: registry)
        for milliseconds in [125, 250, 500, 3000] { timer.recordMilliseconds(milliseconds) }
        #expect(
            registry.text == """
                # HELP first_seconds Durations.
                # TYPE first_seconds histogram
                first_seconds_bucket{name="q",le="0.25"} 2
                first_seconds_bucket{name="q",le="1"} 3
                first_seconds_bucket{name="q",le="+Inf"} 4
                first_seconds_sum{name="q"} 3.875
                first_seconds_count{name="q"} 4

                """
        )
    }

    @Test func gaugesShowTheirLastValueAndNumbersTheFormatsWords() {
        let gauge = Meter(label: "g", factory: registry)
        for (value, text) in [(0.0, "0"), (-1.5, "-1.5"), (1e-8, "1e-08"), (.infinity, "+Inf"), (-.infinity, "-Inf")] {
            gauge.set(value)
            #expect(registry.text == "# TYPE g gauge\ng \(text)\n")
        }
        gauge.set(Double.nan)
        #expect(registry.text == "# TYPE g gauge\ng NaN\n")
        gauge.set(41)
        gauge.increment()
        #expect(registry.text == "# TYPE g gauge\ng 42\n")
    }

    @Test func aNumberThatIsNotFiniteSpoilsNoSum() {
        let timer = Recorder(label: "r", factory: registry)
        timer.record(Double.nan)
        timer.record(Double.infinity)
        timer.record(2.0)
        #expect(registry.text.contains("r_sum 2\n") && registry.text.contains("r_count 1\n"))
    }

    @Test func whatIsAskedForIsShownAndLeftOutWhereItCannotBeHad() {
        registry.show("shown") { 7 }
        registry.show("missing") { nil }
        #expect(registry.text == "# TYPE shown gauge\nshown 7\n")
    }

    @Test func aLabelFromOutsideCannotFillTheMemory() {
        for index in 0..<2000 {
            Counter(label: "second_total", dimensions: [("a", "\(index)"), ("b", "")], factory: registry).increment()
        }
        let lines = registry.text.split(separator: "\n").filter { $0.hasPrefix("second_total{") }
        #expect(lines.count == MetricsRegistry.seriesLimit)
    }

    @Test func namesAreMadeOfLettersDigitsAndUnderscores() {
        Counter(label: "9 a.b", dimensions: [("c-d", "x")], factory: registry).increment()
        #expect(registry.text == "# TYPE _9_a_b counter\n_9_a_b{c_d=\"x\"} 1\n")
    }

    @Test func theOrderIsThatOfTheCatalog() {
        Counter(label: "z", factory: registry).increment()
        Counter(label: "first_seconds_other", factory: registry).increment()
        Timer(label: "first_seconds", factory: registry).recordSeconds(1)
        Counter(label: "second_total", factory: registry).increment()
        let types = registry.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }.map {
            $0.split(separator: " ")[2]
        }
        #expect(types == ["second_total", "first_seconds", "first_seconds_other", "z"])
    }
}

@Suite struct ProcessFiguresTests {
    private func figures(_ files: [String: String]) -> ProcessFigures {
        ProcessFigures(ticksPerSecond: 100, pageSize: 4096, read: { files[$0] }, openFiles: { 5 })
    }

    @Test func aNameFullOfSpacesAndParenthesesMovesNoField() {
        let stat = "1 (a) b (c) S 0 1 1 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 4 0 1000 8192 3 18446744073709551615\n"
        let figures = figures([
            "/proc/self/stat": stat, "/proc/stat": "cpu 1\nbtime 1700000000\n",
            "/proc/self/limits": "Limit Soft Hard Units\nMax open files            1024   524288  files\n",
        ])
        #expect(figures.cpuSeconds == 2)
        #expect(figures.startSeconds == 1_700_000_010)
        #expect(figures.fileLimit == 1024)
        let registry = MetricsRegistry()
        figures.show(in: registry)
        #expect(registry.text.contains("process_resident_memory_bytes 12288\n"))
        #expect(registry.text.contains("process_virtual_memory_bytes 8192\n"))
        #expect(registry.text.contains("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 2\n"))
        #expect(registry.text.contains("process_open_fds 5\n"))
    }

    @Test func whatCannotBeReadIsNotShown() {
        let registry = MetricsRegistry()
        ProcessFigures(ticksPerSecond: 100, pageSize: 4096, read: { _ in "garbage" }, openFiles: { nil }).show(
            in: registry
        )
        #expect(registry.text.isEmpty)
    }

    @Test func thisProcessHasAllOfThem() {
        let registry = MetricsRegistry()
        ProcessFigures().show(in: registry)
        #expect(registry.text.split(separator: "\n").count == 18)
    }
}
