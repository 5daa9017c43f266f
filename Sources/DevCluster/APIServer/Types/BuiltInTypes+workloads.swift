extension BuiltInTypes {
    /// The types of workloads: apps, batch, autoscaling.
    static let workloads = """
        Deployment apiVersion:str kind:str metadata:ObjectMeta spec:DeploymentSpec{} status:DeploymentStatus{}
        DeploymentSpec minReadySeconds:int? paused:bool? progressDeadlineSeconds:int replicas:int
          revisionHistoryLimit:int selector:LabelSelector strategy:DeploymentStrategy{} template:PodTemplateSpec{}
        DeploymentStrategy rollingUpdate:RollingUpdateDeployment type:str?
        RollingUpdateDeployment maxSurge:ios maxUnavailable:ios
        PodTemplateSpec metadata:ObjectMeta{} spec:PodSpec{}
        DeploymentStatus availableReplicas:int? collisionCount:int conditions:[DeploymentCondition]map(type)?
          observedGeneration:int? readyReplicas:int? replicas:int? +terminatingReplicas:int unavailableReplicas:int?
          updatedReplicas:int?
        DeploymentCondition lastTransitionTime:time lastUpdateTime:time message:str? reason:str? status:str type:str
        ReplicaSet apiVersion:str kind:str metadata:ObjectMeta spec:ReplicaSetSpec{} status:ReplicaSetStatus{}
        ReplicaSetSpec minReadySeconds:int? replicas:int selector:LabelSelector template:PodTemplateSpec{}
        ReplicaSetStatus availableReplicas:int? conditions:[ReplicaSetCondition]map(type)? fullyLabeledReplicas:int?
          observedGeneration:int? readyReplicas:int? replicas:int +terminatingReplicas:int
        ReplicaSetCondition lastTransitionTime:time message:str? reason:str? status:str type:str
        StatefulSet apiVersion:str kind:str metadata:ObjectMeta spec:StatefulSetSpec{} status:StatefulSetStatus{}
        StatefulSetSpec +minReadySeconds:int +ordinals:StatefulSetOrdinals
          +persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy
          podManagementPolicy:str? replicas:int revisionHistoryLimit:int selector:LabelSelector serviceName:str
          template:PodTemplateSpec{} updateStrategy:StatefulSetUpdateStrategy{}
          volumeClaimTemplates:[PersistentVolumeClaim]?
        StatefulSetUpdateStrategy rollingUpdate:RollingUpdateStatefulSetStrategy type:str?
        RollingUpdateStatefulSetStrategy +maxUnavailable:any partition:int
        StatefulSetStatus +availableReplicas:int collisionCount:int conditions:[StatefulSetCondition]map(type)?
          currentReplicas:int? currentRevision:str? observedGeneration:int? readyReplicas:int? replicas:int
          updateRevision:str? updatedReplicas:int?
        StatefulSetCondition lastTransitionTime:time message:str? reason:str? status:str type:str
        DaemonSet apiVersion:str kind:str metadata:ObjectMeta spec:DaemonSetSpec{} status:DaemonSetStatus{}
        DaemonSetSpec minReadySeconds:int? revisionHistoryLimit:int selector:LabelSelector template:PodTemplateSpec{}
          updateStrategy:DaemonSetUpdateStrategy{}
        DaemonSetUpdateStrategy rollingUpdate:RollingUpdateDaemonSet type:str?
        RollingUpdateDaemonSet +maxSurge:any maxUnavailable:ios
        DaemonSetStatus collisionCount:int conditions:[DaemonSetCondition]map(type)? currentNumberScheduled:int
          desiredNumberScheduled:int numberAvailable:int? numberMisscheduled:int numberReady:int
          numberUnavailable:int? observedGeneration:int? updatedNumberScheduled:int?
        DaemonSetCondition lastTransitionTime:time message:str? reason:str? status:str type:str
        ControllerRevision apiVersion:str data:any kind:str metadata:ObjectMeta revision:int
        Job apiVersion:str kind:str metadata:ObjectMeta spec:JobSpec{} status:JobStatus{}
        JobSpec activeDeadlineSeconds:int backoffLimit:int +backoffLimitPerIndex:int +completionMode:str
          completions:int +managedBy:str manualSelector:bool +maxFailedIndexes:int parallelism:int
          +podFailurePolicy:PodFailurePolicy +podReplacementPolicy:str selector:LabelSelector
          +successPolicy:SuccessPolicy +suspend:bool template:PodTemplateSpec{} ttlSecondsAfterFinished:int
        JobStatus active:int? +completedIndexes:str completionTime:time conditions:[JobCondition]map(type)?
          failed:int? +failedIndexes:str +ready:int startTime:time succeeded:int? +terminating:int
          +uncountedTerminatedPods:UncountedTerminatedPods
        JobCondition lastProbeTime:time lastTransitionTime:time message:str? reason:str? status:str type:str
        CronJob apiVersion:str kind:str metadata:ObjectMeta spec:CronJobSpec{} status:CronJobStatus{}
        CronJobSpec concurrencyPolicy:str? failedJobsHistoryLimit:int jobTemplate:JobTemplateSpec{} schedule:str
          startingDeadlineSeconds:int successfulJobsHistoryLimit:int suspend:bool +timeZone:str
        JobTemplateSpec metadata:ObjectMeta{} spec:JobSpec{}
        CronJobStatus active:[ObjectReference]? lastScheduleTime:time +lastSuccessfulTime:time
        HorizontalPodAutoscaler apiVersion:str kind:str metadata:ObjectMeta spec:HorizontalPodAutoscalerSpec{}
          status:HorizontalPodAutoscalerStatus{}
        HorizontalPodAutoscalerSpec maxReplicas:int minReplicas:int scaleTargetRef:CrossVersionObjectReference{}
          targetCPUUtilizationPercentage:int
        CrossVersionObjectReference apiVersion:str? kind:str name:str
        HorizontalPodAutoscalerStatus currentCPUUtilizationPercentage:int currentReplicas:int desiredReplicas:int
          lastScaleTime:time observedGeneration:int
        """
}
