//! The requests of an SC.

use std::io;
use std::path::Path;

use fluvio_controlplane_metadata::core::Spec;
use fluvio_controlplane_metadata::message::{Message, MsgType};
use fluvio_controlplane_metadata::mirror::MirrorSpec;
use fluvio_controlplane_metadata::mirroring::{
    MirrorConnect, MirroringRemoteClusterRequest, MirroringSpecWrapper, MirroringStatusResponse,
};
use fluvio_controlplane_metadata::partition::PartitionSpec;
use fluvio_controlplane_metadata::smartmodule::SmartModuleSpec;
use fluvio_controlplane_metadata::spg::SpuGroupSpec;
use fluvio_controlplane_metadata::spu::{CustomSpuKey, CustomSpuSpec, SpuSpec};
use fluvio_controlplane_metadata::tableformat::TableFormatSpec;
use fluvio_controlplane_metadata::topic::{AddMirror, AddPartition, TopicSpec, UpdateTopicAction};
use fluvio_protocol::{Decoder, Encoder};
use fluvio_sc_schema::mirroring::ObjectMirroringRequest;
use fluvio_sc_schema::objects::{
    CommonCreateRequest, CreateRequest, DeleteRequest, ListFilter, ListFilters, ListRequest, ListResponse, Metadata,
    MetadataUpdate, ObjectApiCreateRequest, ObjectApiDeleteRequest, ObjectApiListRequest, ObjectApiListResponse,
    ObjectApiUpdateRequest, ObjectApiWatchRequest, ObjectApiWatchResponse, UpdateRequest, WatchRequest, WatchResponse,
};
use fluvio_sc_schema::{AdminSpec, CreatableAdminSpec, DeletableAdminSpec, Status, UpdatableAdminSpec};
use serde_json::{json, Value};

use crate::picker::{Picker, Sample};
use crate::show::Show;
use crate::write::{encode, Plain, Typed, Vectors};

const VERSIONS: std::ops::RangeInclusive<i16> = 15..=19;

pub fn write(folder: &Path) -> io::Result<()> {
    let mut file = Vectors::new(folder, "sc_create");
    file.create::<TopicSpec>();
    file.create::<CustomSpuSpec>();
    file.create::<SpuGroupSpec>();
    file.create::<SmartModuleSpec>();
    file.create::<TableFormatSpec>();
    file.create::<MirrorSpec>();
    file.add::<Plain<Status>>("SC Create response", VERSIONS);
    file.add_long::<Plain<Status>>("SC Create response", VERSIONS);
    file.finish()?;

    let mut file = Vectors::new(folder, "sc_delete");
    file.delete::<TopicSpec>();
    file.delete::<CustomSpuSpec>();
    file.delete::<SpuGroupSpec>();
    file.delete::<SmartModuleSpec>();
    file.delete::<TableFormatSpec>();
    file.delete::<MirrorSpec>();
    file.add::<Plain<Status>>("SC Delete response", VERSIONS);
    file.finish()?;

    let mut file = Vectors::new(folder, "sc_update");
    file.update::<TopicSpec>();
    file.update::<CustomSpuSpec>();
    file.update::<SpuGroupSpec>();
    file.update::<SmartModuleSpec>();
    file.update::<TableFormatSpec>();
    file.add::<Plain<Status>>("SC Update response", VERSIONS);
    file.finish()?;

    let mut file = Vectors::new(folder, "sc_list");
    file.list::<TopicSpec>();
    file.list::<PartitionSpec>();
    file.list::<SpuSpec>();
    file.list::<CustomSpuSpec>();
    file.list::<SpuGroupSpec>();
    file.list::<SmartModuleSpec>();
    file.list::<TableFormatSpec>();
    file.list::<MirrorSpec>();
    file.add_long::<Typed<ObjectApiListRequest, ListRequest<TopicSpec>>>("SC List request", VERSIONS);
    file.finish()?;

    let mut file = Vectors::new(folder, "sc_watch");
    file.watch::<TopicSpec>();
    file.watch::<PartitionSpec>();
    file.watch::<SpuSpec>();
    file.watch::<CustomSpuSpec>();
    file.watch::<SpuGroupSpec>();
    file.watch::<SmartModuleSpec>();
    file.watch::<TableFormatSpec>();
    file.watch::<MirrorSpec>();
    file.finish()?;

    let mut file = Vectors::new(folder, "sc_mirroring");
    file.add::<Typed<ObjectMirroringRequest, MirroringRemoteClusterRequest<MirrorConnect>>>(
        "SC Mirroring request",
        VERSIONS,
    );
    file.add::<Plain<MirroringStatusResponse>>("SC Mirroring response", VERSIONS);
    file.finish()
}

/// What is both made and shown.
trait Known: Sample + Show {}

impl<T: Sample + Show> Known for T {}

impl Vectors {
    fn create<S: CreatableAdminSpec + Known>(&mut self) {
        self.add::<Typed<ObjectApiCreateRequest, CreateRequest<S>>>("SC Create request", VERSIONS);
    }

    fn delete<S: DeletableAdminSpec>(&mut self)
    where
        S::DeleteKey: Known,
    {
        self.add::<Typed<ObjectApiDeleteRequest, DeleteRequest<S>>>("SC Delete request", VERSIONS);
    }

    fn update<S: UpdatableAdminSpec>(&mut self)
    where
        S::UpdateKey: Known,
        S::UpdateAction: Known,
    {
        self.add::<Typed<ObjectApiUpdateRequest, UpdateRequest<S>>>("SC Update request", VERSIONS);
    }

    fn list<S: AdminSpec + Known>(&mut self)
    where
        S::Status: Known + Encoder + Decoder,
    {
        self.add::<Typed<ObjectApiListRequest, ListRequest<S>>>("SC List request", VERSIONS);
        self.add::<Typed<ObjectApiListResponse, ListResponse<S>>>("SC List response", VERSIONS);
    }

    fn watch<S: AdminSpec + Known>(&mut self)
    where
        S::Status: Known + Encoder + Decoder,
    {
        self.add::<Typed<ObjectApiWatchRequest, WatchRequest<S>>>("SC Watch request", VERSIONS);
        self.add::<Typed<ObjectApiWatchResponse, WatchResponse<S>>>("SC Watch response", VERSIONS);
    }
}

impl<S: Sample> Sample for CreateRequest<S> {
    fn sample(p: &mut Picker) -> Self {
        let common =
            CommonCreateRequest { name: p.field("name"), dry_run: p.field("dry_run"), timeout: p.field("timeout") };
        Self::new(common, p.field("spec"))
    }
}

impl<S: Spec + Show> Show for CreateRequest<S> {
    fn show(&self) -> Value {
        let CommonCreateRequest { name, dry_run, timeout } = &self.common;
        json!({
            "kind": S::LABEL, "name": name, "dry_run": dry_run, "timeout_ms": timeout, "spec": self.request.show(),
        })
    }
}

fields!(Status { name, error_code, error_message });

impl<S: DeletableAdminSpec> Sample for DeleteRequest<S>
where
    S::DeleteKey: Sample,
{
    fn sample(p: &mut Picker) -> Self {
        Self::with(p.field("key"), p.field("force"))
    }
}

/// Its key can be taken but not looked at.
impl<S: DeletableAdminSpec> Show for DeleteRequest<S>
where
    S::DeleteKey: Show,
{
    fn show(&self) -> Value {
        let again = Self::decode_from(&mut &encode(self, *VERSIONS.end())[..], *VERSIONS.end()).expect("decodable");
        json!({ "kind": S::LABEL, "object": key(again.key().show()), "force": self.is_force() })
    }
}

/// A key as an ObjectKey: a plain string is the name.
fn key(shown: Value) -> Value {
    match shown {
        Value::String(name) => CustomSpuKey::Name(name).show(),
        other => other,
    }
}

impl<S: UpdatableAdminSpec> Sample for UpdateRequest<S>
where
    S::UpdateKey: Sample,
    S::UpdateAction: Sample,
{
    fn sample(p: &mut Picker) -> Self {
        Self::new(p.field("key"), p.field("action"))
    }
}

/// Its key can be taken but not looked at.
impl<S: UpdatableAdminSpec> Show for UpdateRequest<S>
where
    S::UpdateKey: Show,
    S::UpdateAction: Show,
{
    fn show(&self) -> Value {
        let again = Self::decode_from(&mut &encode(self, *VERSIONS.end())[..], *VERSIONS.end()).expect("decodable");
        let action = match self.action.show() {
            Value::String(text) => json!({ "text": text }),
            other => other,
        };
        json!({ "kind": S::LABEL, "object": key(again.key().show()), "action": action })
    }
}

variants!(UpdateTopicAction { AddPartition[action], AddMirror[action] });
fields!(AddPartition { count });
fields!(AddMirror { remote_cluster, home_to_mirror });

impl<S> Sample for ListRequest<S> {
    fn sample(p: &mut Picker) -> Self {
        Self::new(p.field::<Vec<ListFilter>>("name_filters"), p.field("summary")).system(p.field("system"))
    }
}

impl<S: AdminSpec> Show for ListRequest<S> {
    fn show(&self) -> Value {
        let filters = encode(&self.name_filters, 0);
        let filters: Vec<ListFilter> = ListFilters::decode_from(&mut &filters[..], 0).expect("decodable").into();
        json!({ "kind": S::LABEL, "name_filters": filters.show(), "summary": self.summary, "system": self.system })
    }
}

fields!(ListFilter { name });

impl<S: AdminSpec + Sample> Sample for Metadata<S>
where
    S::Status: Sample + Encoder + Decoder,
{
    fn sample(p: &mut Picker) -> Self {
        Self { name: p.field("name"), spec: p.field("spec"), status: p.field("status") }
    }
}

impl<S: AdminSpec + Show> Show for Metadata<S>
where
    S::Status: Show + Encoder + Decoder,
{
    fn show(&self) -> Value {
        json!({ "name": self.name, "spec": self.spec.show(), "status": self.status.show() })
    }
}

impl<S: AdminSpec + Sample> Sample for ListResponse<S>
where
    S::Status: Sample + Encoder + Decoder,
{
    fn sample(p: &mut Picker) -> Self {
        Self::new(p.field("inner"))
    }
}

/// Its list can be taken but not looked at.
impl<S: AdminSpec + Show> Show for ListResponse<S>
where
    S::Status: Show + Encoder + Decoder,
{
    fn show(&self) -> Value {
        let again = Self::decode_from(&mut &encode(self, *VERSIONS.end())[..], *VERSIONS.end()).expect("decodable");
        json!({ "kind": S::LABEL, "objects": again.inner().show() })
    }
}

/// Its epoch is private, and 0 in every request that upstream can make.
impl<S: AdminSpec> Sample for WatchRequest<S> {
    fn sample(p: &mut Picker) -> Self {
        let mut request = Self::default();
        request.summary = p.field("summary");
        request
    }
}

impl<S: AdminSpec> Show for WatchRequest<S> {
    fn show(&self) -> Value {
        json!({ "kind": S::LABEL, "epoch": 0, "summary": self.summary })
    }
}

impl<S: AdminSpec + Sample> Sample for WatchResponse<S>
where
    S::Status: Sample + Encoder + Decoder,
{
    fn sample(p: &mut Picker) -> Self {
        Self::new(MetadataUpdate { epoch: p.field("epoch"), changes: p.field("changes"), all: p.field("all") })
    }
}

impl<S: AdminSpec + Show> Show for WatchResponse<S>
where
    S::Status: Show + Encoder + Decoder,
{
    fn show(&self) -> Value {
        let MetadataUpdate { epoch, changes, all } = self.clone().inner();
        json!({ "kind": S::LABEL, "epoch": epoch, "changes": changes.show(), "all": all.show() })
    }
}

impl<T: Sample> Sample for Message<T> {
    fn sample(p: &mut Picker) -> Self {
        Self { header: p.field("header"), content: p.field("content") }
    }
}

impl<T: Show> Show for Message<T> {
    fn show(&self) -> Value {
        json!({ "type": self.header.show(), "object": self.content.show() })
    }
}

names!(MsgType { UPDATE as Update, DELETE as Delete });

impl Sample for MirroringRemoteClusterRequest<MirrorConnect> {
    fn sample(p: &mut Picker) -> Self {
        Self { request: p.field("request") }
    }
}

impl Show for MirroringRemoteClusterRequest<MirrorConnect> {
    fn show(&self) -> Value {
        json!({ "connect": self.request.show() })
    }
}

fields!(MirrorConnect { remote_id });
fields!(MirroringStatusResponse { name, error_code, error_message, topics });

impl<S: Sample> Sample for MirroringSpecWrapper<S> {
    fn sample(p: &mut Picker) -> Self {
        Self {
            key: p.field("key"),
            spec: p.field("spec"),
            spu_id: p.field("spu_id"),
            spu_key: p.field("spu_key"),
            spu_endpoint: p.field("spu_endpoint"),
        }
    }
}

impl<S: Show> Show for MirroringSpecWrapper<S> {
    fn show(&self) -> Value {
        let Self { key, spec, spu_id, spu_key, spu_endpoint } = self;
        json!({ "key": key, "spec": spec.show(), "spu_id": spu_id, "spu_key": spu_key, "spu_endpoint": spu_endpoint })
    }
}
