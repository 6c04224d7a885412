//! Every answer of these tests is held against the published description, and so is every request
//! that was taken.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// Validators of the description's schemas, by JSON pointer.
struct Schemas {
    document: Value,
    by_name: BTreeMap<String, Validator>,
}

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let document = http_api::openapi().clone();
    let names = document["components"]["schemas"].as_object().unwrap().keys();
    let by_name = names.map(|name| {
        let schema = json!({
            "$ref": format!("#/components/schemas/{name}"), "components": document["components"],
        });
        (name.clone(), jsonschema::options().should_validate_formats(true).build(&schema).unwrap())
    });
    Schemas { by_name: by_name.collect(), document: document.clone() }
});

/// The operation that a path belongs to.
fn operation<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template.split('/').zip(path.split('/')).all(|(t, p)| t == p || t.starts_with('{'))
    };
    let (_, item) = document["paths"].as_object()?.iter().find(|(template, _)| fits(template))?;
    item.get(method.to_lowercase())
}

fn check_against(reference: &Value, what: &str, value: &Value) {
    let name = reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    let errors: Vec<String> =
        SCHEMAS.by_name[name].iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{what} is no {name}: {errors:?}\n{value}");
}

pub(crate) fn check((method, path): (&str, &str), body: &str, (status, answer): (u16, &Value)) {
    let place = format!("{method} {path} {status}");
    let Some(operation) = operation(&SCHEMAS.document, method, path) else {
        let error = json!({ "$ref": "#/components/schemas/Error" });
        return check_against(&error, &place, answer);
    };
    let response = if status == 200 { "200" } else { "default" };
    let schema = &operation["responses"][response]["content"]["application/json"]["schema"];
    check_against(schema, &place, answer);
    let taken = &operation["requestBody"]["content"]["application/json"]["schema"];
    if status == 200 && taken.is_object() {
        check_against(taken, &place, &serde_json::from_str(body).unwrap());
    }
}

/// The body of a notification.
pub(crate) fn check_event(event: &Value) {
    check_against(&json!({ "$ref": "#/components/schemas/Event" }), "a notification", event);
}

/// The check itself can fail: a field too many, one too few, a wrong word, a wrong kind.
#[test]
fn a_wrong_answer_is_found() {
    let good = json!({ "code": "internal", "message": "m", "request_id": "r", "details": null });
    let error = json!({ "$ref": "#/components/schemas/Error" });
    check_against(&error, "good", &good);
    for (name, value) in [("more", json!(1)), ("code", json!("new_code")), ("message", json!(1))] {
        let mut wrong = good.clone();
        wrong[name] = value;
        assert!(!SCHEMAS.by_name["Error"].is_valid(&wrong), "{wrong}");
    }
    let mut short = good;
    short.as_object_mut().unwrap().remove("request_id");
    assert!(!SCHEMAS.by_name["Error"].is_valid(&short));
}
