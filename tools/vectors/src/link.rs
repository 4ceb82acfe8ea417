//! What both servers have in common: error codes, headers and ApiVersions.

use std::io;
use std::path::Path;

use fluvio_protocol::api::{RequestHeader, RequestKind};
use fluvio_protocol::link::smartmodule::{
    SmartModuleInitRuntimeError, SmartModuleKind, SmartModuleTransformRuntimeError,
};
use fluvio_protocol::link::versions::{ApiVersionKey, ApiVersionsRequest, ApiVersionsResponse, PlatformVersion};
use fluvio_protocol::link::ErrorCode;
use fluvio_protocol::record::{RecordData, ReplicaKey};
use fluvio_protocol::Decoder;
use serde_json::{json, Value};

use crate::picker::{bytes, Picker, Sample};
use crate::show::{hex, Show};
use crate::write::{Plain, Vectors};

pub fn write(folder: &Path) -> io::Result<()> {
    let mut file = Vectors::new(folder, "header");
    file.add::<Plain<RequestHeader>>("value RequestHeader", 0..=0);
    file.finish()?;
    let mut file = Vectors::new(folder, "error_code");
    file.add::<Plain<ErrorCode>>("value ErrorCode", 0..=0);
    every_tag(|tag| file.read::<Plain<ErrorCode>>("value ErrorCode", 0, tag));
    file.finish()?;
    let mut file = Vectors::new(folder, "api_versions");
    for server in ["SC", "SPU"] {
        file.add::<Plain<ApiVersionsRequest>>(&format!("{server} ApiVersions request"), 0..=2);
        file.add_long::<Plain<ApiVersionsRequest>>(&format!("{server} ApiVersions request"), 0..=2);
        file.add::<Plain<ApiVersionsResponse>>(&format!("{server} ApiVersions response"), 0..=2);
        file.add_long::<Plain<ApiVersionsResponse>>(&format!("{server} ApiVersions response"), 0..=2);
    }
    file.finish()
}

/// Calls `each` with all tags that upstream knows, in front of payloads of zeros. None of them may lack a name here.
fn every_tag(mut each: impl FnMut(&[u8])) {
    for tag in i16::MIN..=i16::MAX {
        let mut bytes = [0; 64];
        bytes[..2].copy_from_slice(&tag.to_be_bytes());
        let mut rest = &bytes[..];
        if ErrorCode::decode_from(&mut rest, 0).is_ok() {
            each(&bytes[..bytes.len() - rest.len()]);
        }
    }
}

impl Sample for RequestHeader {
    fn sample(p: &mut Picker) -> Self {
        let mut h = RequestHeader::new(p.within("api_key", u16::sample));
        h.set_api_version(p.field("api_version"));
        h.set_correlation_id(p.field("correlation_id"));
        h.set_client_id(p.field::<String>("client_id"));
        h
    }
}

impl Show for RequestHeader {
    fn show(&self) -> Value {
        json!({
            "api_key": self.api_key(),
            "api_version": self.api_version(),
            "correlation_id": self.correlation_id(),
            "client_id": self.client_id(),
        })
    }
}

fields!(ApiVersionsRequest { client_version, client_os, client_arch });
fields!(ApiVersionsResponse { error_code, api_keys, platform_version });
fields!(ApiVersionKey { api_key, min_version, max_version });

impl Sample for PlatformVersion {
    fn sample(p: &mut Picker) -> Self {
        let version = p.value(&["0.0.0", "0.18.1", "1.2.3-alpha.4+56789"]);
        PlatformVersion::from(version.parse::<semver::Version>().expect("a version"))
    }
}

impl Show for PlatformVersion {
    fn show(&self) -> Value {
        json!(self.to_semver().to_string())
    }
}

variants!(ErrorCode {
    None,
    UnknownServerError,
    Other(text),
    OffsetOutOfRange,
    NotLeaderForPartition,
    RequestTimedOut { timeout_ms, kind },
    MessageTooLarge,
    PermissionDenied,
    StorageError,
    InvalidCreateRequest,
    InvalidDeleteRequest,
    OffsetEvicted { offset, next_available },
    PartitionFull<replica_key>,
    PartitionShortCircuited,
    SpuError,
    SpuRegisterationFailed,
    SpuOffline,
    SpuNotFound,
    SpuAlreadyExists,
    TopicError,
    TopicNotFound,
    TopicAlreadyExists,
    TopicPendingInitialization,
    TopicInvalidConfiguration,
    TopicNotProvisioned,
    TopicInvalidName,
    TopicDeleted,
    TopicInvalidReplicaType,
    PartitionPendingInitialization,
    PartitionNotLeader,
    FetchSessionNotFoud,
    OffsetFlushRequestError(text),
    OffsetManagementDisabled,
    MaxRetryReached,
    ManagedConnectorError,
    ManagedConnectorNotFound,
    ManagedConnectorAlreadyExists,
    SmartModuleError,
    SmartModuleNotFound { name as text },
    SmartModuleInvalid { error, name },
    SmartModuleInvalidExports { error, kind },
    SmartModuleRuntimeError[inner],
    SmartModuleChainInitError(text),
    SmartModuleInitError[inner],
    SmartModuleLookBackError(text),
    SmartModuleMemoryLimitExceeded { requested, max },
    TableFormatError,
    TableFormatNotFound,
    TableFormatAlreadyExists,
    DerivedStreamObjectError,
    DerivedStreamNotFound(text),
    DerivedStreamJoinFetchError,
    DerivedStreamInvalid(text),
    CompressionError,
    DeduplicationSmartModuleNotLoaded,
    DeduplicationSmartModuleNameInvalid(text),
    MirrorNotFound,
    MirrorAlreadyExists,
    MirrorProduceFromHome,
    MirrorDeleteFromRemote,
    MirrorInvalidType,
    MirrorProduceFromRemoteNotAllowed,
    SystemSpecDeletionAttempt { kind, name },
    SystemSpecUpdatingAttempt { kind, name },
});

names!(RequestKind { Produce });
fields!(ReplicaKey { topic, partition });
fields!(SmartModuleInitRuntimeError { hint as text });
fields!(SmartModuleTransformRuntimeError { hint, offset, kind, record_key, record_value });
names!(SmartModuleKind { Filter, Map, ArrayMap, Aggregate, FilterMap, Join, Generic });

impl Sample for RecordData {
    fn sample(p: &mut Picker) -> Self {
        bytes(p).into()
    }
}

impl Show for RecordData {
    fn show(&self) -> Value {
        hex(self.as_ref())
    }
}
