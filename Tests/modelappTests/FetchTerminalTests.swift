import ModelAppController
import Testing

@testable import modelapp

/// How a fetch says how far it is.
struct FetchTerminalTests {
    @Test func onATerminalOneLineIsWrittenOver() {
        let terminal = FetchTerminal(isTerminal: true)
        #expect(terminal.text(of: .progress("10 %")) == "\r\u{1B}[K10 %")
        #expect(terminal.text(of: .line("done")) == "\r\u{1B}[Kdone\n")
        #expect(terminal.interval == .milliseconds(200))
    }

    @Test func elsewhereEachReportIsALine() {
        let terminal = FetchTerminal(isTerminal: false)
        #expect(terminal.text(of: .progress("10 %")) == "10 %\n")
        #expect(terminal.text(of: .line("done")) == "done\n")
        #expect(terminal.interval == .seconds(5))
    }
}
