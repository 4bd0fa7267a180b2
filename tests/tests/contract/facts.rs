//! The facts of `tests/reference/` that the contract tests use.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Every operation and schema that is documented.
pub(crate) struct Facts {
    pub(crate) operations: Vec<Operation>,
    pub(crate) schemas: BTreeMap<String, Schema>,
}

#[derive(Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) path_params: Vec<Named>,
    #[serde(default)]
    pub(crate) query_params: Vec<Named>,
    #[serde(default)]
    pub(crate) headers: Vec<Named>,
    pub(crate) request_content_type: Option<String>,
    pub(crate) request_schema: Option<String>,
    pub(crate) response_schema: Option<String>,
    #[serde(default)]
    pub(crate) multipart_fields: Vec<Part>,
    #[serde(default)]
    pub(crate) error_schemas: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) supports_idempotency_key: bool,
}

/// A parameter or header.
#[derive(Default, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) minimum: Option<u64>,
    pub(crate) maximum: Option<u64>,
    pub(crate) max_keys: Option<usize>,
}

/// A part of a multipart body.
#[derive(Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) max_bytes: usize,
}

#[derive(Deserialize)]
pub(crate) struct Schema {
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
    #[serde(default)]
    pub(crate) constraints: Vec<String>,
    #[serde(default)]
    pub(crate) enum_values: Vec<String>,
    #[serde(default)]
    pub(crate) more_values: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Type of the rows of an array.
    pub(crate) items: Option<String>,
    #[serde(rename = "ref")]
    pub(crate) refers_to: Option<String>,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) open: bool,
    #[serde(default)]
    pub(crate) known_values: Vec<String>,
    #[serde(default)]
    pub(crate) wire_types: Vec<String>,
    pub(crate) also_named: Option<String>,
    pub(crate) also_seen: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) documented_max_length: Option<usize>,
    pub(crate) documented_pattern: Option<String>,
    pub(crate) pattern: Option<String>,
    pub(crate) min_items: Option<usize>,
    pub(crate) max_items: Option<usize>,
    pub(crate) minimum: Option<i64>,
    pub(crate) maximum: Option<i64>,
}

impl Field {
    /// Whether the service may write the field as a value of this JSON type.
    pub(crate) fn may_be_sent_as(&self, wire_type: &str) -> bool {
        self.wire_types.iter().any(|known| known == wire_type)
    }
}

impl Facts {
    /// # Panics
    /// If the files do not match the types of this module.
    pub(crate) fn read() -> Self {
        let mut facts = Self {
            operations: serde_json::from_str(include_str!("../../reference/operations.json")).unwrap(),
            schemas: serde_json::from_str(include_str!("../../reference/schemas.json")).unwrap(),
        };
        facts.add_object_query();
        facts
    }

    /// # Panics
    /// If the schema does not exist.
    pub(crate) fn schema(&self, name: &str) -> &Schema {
        self.schemas.get(name).unwrap_or_else(|| panic!("no schema {name}"))
    }

    pub(crate) fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// All known values of a field, from its list and from the list of its type.
    pub(crate) fn known_values(&self, field: &Field) -> Vec<String> {
        let of_type = field.refers_to.as_ref().map(|name| self.schema(name));
        let of_type =
            of_type.into_iter().flat_map(|schema| schema.enum_values.iter().chain(&schema.more_values));
        let mut values = field.known_values.clone();
        values.extend(of_type.filter(|value| !field.known_values.contains(value)).cloned());
        values
    }

    /// Adds Object Query, which has a separate file in another format; it accepts the headers of all other operations.
    fn add_object_query(&mut self) {
        #[derive(Deserialize)]
        struct ObjectQuery {
            operation: Operation,
            schema: BTreeMap<String, Schema>,
        }
        let mut query: ObjectQuery =
            serde_json::from_str(include_str!("../../reference/object_query.json")).unwrap();
        let usual = self.operation("get_invoice").expect("every client reads invoices");
        query.operation.headers = usual
            .headers
            .iter()
            .map(|header| Named { name: header.name.clone(), ..Named::default() })
            .collect();
        query.operation.response_schema = Some("ExpandedInvoices".to_owned());
        let page = r#"{"kind":"object","fields":[{"name":"nextPage","type":"string"},
            {"name":"data","type":"array","items":"object","ref":"ExpandedInvoice"}]}"#;
        query.schema.insert("ExpandedInvoices".to_owned(), serde_json::from_str(page).unwrap());
        self.operations.push(query.operation);
        self.schemas.append(&mut query.schema);
    }
}
