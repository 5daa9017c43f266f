extension BuiltInTypes {
    /// The types of leases, events, access control and endpoint slices.
    static let others = """
        Lease apiVersion:str kind:str metadata:ObjectMeta spec:LeaseSpec{}
        LeaseSpec acquireTime:microtime holderIdentity:str leaseDurationSeconds:int leaseTransitions:int
          +preferredHolder:str renewTime:microtime +strategy:str
        EventsEvent action:str? apiVersion:str deprecatedCount:int? deprecatedFirstTimestamp:time
          deprecatedLastTimestamp:time deprecatedSource:EventSource{} eventTime:microtime kind:str metadata:ObjectMeta
          note:str? reason:str? regarding:ObjectReference{} related:ObjectReference reportingController:str?
          reportingInstance:str? series:EventsEventSeries type:str?
        EventsEventSeries count:int lastObservedTime:microtime
        Role apiVersion:str kind:str metadata:ObjectMeta rules:[PolicyRule]{}
        PolicyRule apiGroups:[str]? nonResourceURLs:[str]? resourceNames:[str]? resources:[str]? verbs:[str]{}
        RoleBinding apiVersion:str kind:str metadata:ObjectMeta roleRef:RoleRef{} subjects:[RBACSubject]?
        RoleRef apiGroup:str kind:str name:str
        RBACSubject apiGroup:str? kind:str name:str namespace:str?
        ClusterRole aggregationRule:AggregationRule apiVersion:str kind:str metadata:ObjectMeta rules:[PolicyRule]{}
        AggregationRule clusterRoleSelectors:[LabelSelector]?
        ClusterRoleBinding apiVersion:str kind:str metadata:ObjectMeta roleRef:RoleRef{} subjects:[RBACSubject]?
        EndpointSlice addressType:str apiVersion:str endpoints:[Endpoint]{} kind:str metadata:ObjectMeta
          ports:[EndpointPort]{}
        Endpoint addresses:[str]set{} conditions:EndpointConditions{} +deprecatedTopology:{str}? +hints:EndpointHints
          hostname:str nodeName:str targetRef:ObjectReference topology:{str}? +zone:str
        EndpointConditions ready:bool serving:bool terminating:bool
        """
}
