//! REST and the WebSocket are what their descriptions say.

use serde_json::{Value, json};

use super::hub::TestHub;

/// A schema with its references followed and its parts put together.
fn whole(all: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return whole(all, &all["components"]["schemas"][name.rsplit('/').next().unwrap()]);
    }
    let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
    let mut joined = json!({"properties": {}, "required": []});
    for part in parts {
        let part = whole(all, part);
        for (name, property) in part["properties"].as_object().unwrap() {
            joined["properties"][name] = property.clone();
        }
        let required = part["required"].as_array().cloned().unwrap_or_default();
        joined["required"].as_array_mut().unwrap().extend(required);
    }
    joined
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Holds an answer to its schema: no field too few or too many, each of the kind that is told.
fn hold(all: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = whole(all, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let chosen = choices.iter().find(|one| (one["type"] == "null") == value.is_null());
        return hold(all, chosen.unwrap(), value, at);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["object"],
    };
    assert!(kinds.contains(&kind_of(value)), "{at}: {value} is none of {kinds:?}");
    match value {
        Value::Array(items) if schema["items"].is_object() => {
            for item in items {
                hold(all, &schema["items"], item, at);
            }
        }
        Value::Object(fields) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(name.as_str().unwrap()), "{at}: {name} is missing");
            }
            for (name, field) in fields {
                let known = &schema["properties"][name];
                let known = if known.is_null() { &schema["additionalProperties"] } else { known };
                assert!(known.is_object(), "{at}: {name} is not described");
                hold(all, known, field, &format!("{at}.{name}"));
            }
        }
        _ => {}
    }
}

/// The schema of a channel's data.
fn data_of(channel: &str) -> &'static str {
    match channel.split('.').next().unwrap() {
        "quote" => "QuoteData",
        "stats" => "StatsData",
        "book" => "BookData",
        "trade" => "TradeItems",
        "bars" => "BarList",
        other => panic!("no channel {other}"),
    }
}

#[test]
fn every_golden_message_is_as_the_asyncapi_file_describes_it() {
    let read = |path: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let (all, golden) = (read("docs/asyncapi.json"), read("tests/golden/frames.json"));
    let mut seen = std::collections::BTreeSet::new();
    let frames = golden.as_array().unwrap().iter();
    for message in frames.flat_map(|frame| frame["json"].as_array().unwrap()) {
        let op = message["op"].as_str().unwrap();
        let name = format!("{}{}", op[..1].to_uppercase(), &op[1..]);
        let at = format!("{op} {}", message["channel"]);
        let mut told = all["components"]["schemas"][&name].clone();
        assert_eq!(told["properties"]["op"]["const"], op);
        if let Some(data) = told["properties"].get_mut("data") {
            let schema = data_of(message["channel"].as_str().unwrap());
            *data = json!({"$ref": format!("#/components/schemas/{schema}")});
        }
        hold(&all, &told, message, &at);
        seen.insert(name);
    }
    let told = all["operations"]["tell"]["messages"].as_array().unwrap().iter();
    let told: std::collections::BTreeSet<String> = told
        .map(|one| one["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(seen, told, "every message that the file tells of is among the golden ones");
}

#[tokio::test]
async fn every_answer_is_as_the_openapi_page_describes_it() {
    let hub = TestHub::start(&[]).await;
    hub.feed(&["sim", "--rate", "2000", "--instruments", "2", "--count", "600"]);
    hub.until("trades are stored", async || {
        let (status, answer) = hub.get("/api/v1/trades?instrument=SIM:ACME").await;
        (status == 200 && !answer["trades"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let (status, all) = hub.get("/api/openapi.json").await;
    assert_eq!(status, 200);
    for (path, query, status) in [
        ("/api/v1/instruments", "", 200),
        ("/api/v1/instruments", "?limit=0", 400),
        ("/api/v1/quotes", "?instruments=SIM:ACME,SIM:NONE", 200),
        ("/api/v1/quotes", "?instruments=SIM:NONE", 404),
        ("/api/v1/stats", "?instruments=SIM:ACME", 200),
        ("/api/v1/stats", "", 400),
        ("/api/v1/book", "?instrument=SIM:ACME", 200),
        ("/api/v1/book", "?instrument=SIM:NONE", 404),
        ("/api/v1/trades", "?instrument=SIM:ACME&limit=5", 200),
        ("/api/v1/trades", "?instrument=SIM:ACME&from=soon", 400),
        ("/api/v1/bars", "?instrument=SIM:ACME&interval=1s", 200),
        ("/api/v1/bars", "?instrument=SIM:ACME&interval=2s", 400),
        ("/healthz", "", 200),
        ("/readyz", "", 200),
    ] {
        let (seen, answer) = hub.get(&format!("{path}{query}")).await;
        assert_eq!(seen, status, "{path}{query}: {answer}");
        let told = &all["paths"][path]["get"]["responses"][status.to_string()]["content"];
        let (_, content) =
            told.as_object().unwrap_or_else(|| panic!("{path}")).iter().next().unwrap();
        hold(&all, &content["schema"], &answer, path);
    }
    let (status, kind) = hub.header("/api/docs/", "content-type").await;
    assert_eq!(status, 200);
    assert!(kind.unwrap().starts_with("text/html"));
    assert_eq!(hub.header("/api/docs", "content-type").await.0, 200, "it leads there");
}
