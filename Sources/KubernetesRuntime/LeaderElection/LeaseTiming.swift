/// How long a lease holds and how it is kept (L1; client-go's defaults, which controller-runtime uses too).
public struct LeaseTiming: Sendable, Hashable {
    /// For how long a renewal keeps others away; written in whole seconds, rounded up.
    public var leaseDuration: Duration
    /// How long the leader tries to renew before it stops leading. The difference to `leaseDuration` is what clocks
    /// may drift, and what work may take to stop.
    public var renewDeadline: Duration
    /// How often the leader renews, and how often the others look.
    public var retryPeriod: Duration

    /// A timing of its parts; nothing is checked before it is used.
    public init(
        leaseDuration: Duration = .seconds(15),
        renewDeadline: Duration = .seconds(10),
        retryPeriod: Duration = .seconds(2)
    ) {
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }

    /// By which share the wait of those who do not lead is stretched at random (L2).
    static let jitter = 1.2

    /// What is wrong with it; nil if it can work.
    public var problem: String? {
        if leaseDuration < .seconds(1) || leaseDuration > .seconds(86_400) {
            return "the lease duration must be between one second and a day"
        }
        if renewDeadline <= .zero || retryPeriod <= .zero { return "all durations must be positive" }
        if leaseDuration <= renewDeadline { return "the lease duration must be longer than the renew deadline" }
        if renewDeadline <= retryPeriod * Self.jitter {
            return "the renew deadline must be longer than \(Self.jitter) times the retry period"
        }
        return nil
    }

    /// What is written: a fraction must not make others wait less than we assume.
    var leaseDurationSeconds: Int64 {
        let (seconds, fraction) = leaseDuration.components
        return fraction > 0 ? seconds + 1 : seconds
    }
}
