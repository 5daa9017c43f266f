import KubernetesClient
import ModelAppController
import Schedules
import Testing

@Suite struct TimeZoneFilesTests {
    @Test func theMachinesDatabaseIsRead() {
        let zones = TimeZoneFiles().rules(["Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5", "UTC"])
        #expect(zones.count == 4)
        #expect(zones["Europe/Berlin"]?.offset(at: 1_764_000_000) == 3600)
        #expect(zones["Etc/GMT+5"]?.offset(at: 0) == -18_000)
    }

    @Test func aNameThatIsNoneIsUnknownAndLeavesTheFolderAlone() {
        let paths = [
            "Europe/Berln", "", "/etc/passwd", "../../../etc/passwd", "Europe/../../../../etc/passwd", "Europe",
            "Europe/",
            "a/b/c/d", "tzdata.zi", "Europe/Berlin\0", "zone1970.tab", "Größe", String(repeating: "A", count: 10_000),
        ]
        let files = FileReader { path throws(KubernetesError) in
            #expect(path.hasPrefix("/zones/") && !path.contains(".."))
            return Array("not a zone".utf8)
        }
        #expect(TimeZoneFiles(files: files, folder: "/zones").rules(Set(paths)) == [:])
        #expect(TimeZoneFiles().rules(Set(paths)) == [:])
    }
}
