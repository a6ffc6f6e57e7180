//! The part of JSON Schema that `docs/output.schema.json` uses; other keywords fail.

use serde_json::Value;

/// Mismatches of `value` and `schema`, each as `place: fault`; `root` is the whole schema document.
pub(crate) fn faults(schema: &Value, value: &Value, root: &Value, place: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |right: bool, fault: String| {
        if !right {
            faults.push(format!("{place}: {fault}"));
        }
    };
    let mut parts = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        let number = || (value.as_f64().unwrap_or(f64::NAN), rule.as_f64().unwrap());
        match keyword.as_str() {
            "$schema" | "$defs" | "title" => {}
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                parts.push((&root["$defs"][name], value, place.to_owned()));
            }
            "type" => {
                let types = rule.as_array().map_or_else(|| vec![rule], |types| types.iter().collect());
                let right = types.iter().any(|name| has_type(value, name.as_str().unwrap()));
                expect(right, format!("{value} is not {rule}"));
            }
            "const" => expect(value == rule, format!("{value} is not {rule}")),
            "enum" => expect(rule.as_array().unwrap().contains(value), format!("{value} is not one of {rule}")),
            // As in the standard, a keyword applies to values of its own type only; `type`
            // restricts types.
            "minimum" => expect(value.is_null() || number().0 >= number().1, format!("{value} is below {rule}")),
            "maximum" => expect(value.is_null() || number().0 <= number().1, format!("{value} is above {rule}")),
            "exclusiveMinimum" => expect(number().0 > number().1, format!("{value} is not above {rule}")),
            "minLength" => {
                expect(value.as_str().is_some_and(|text| text.len() as f64 >= number().1), "too short".into())
            }
            "minItems" => expect(value.as_array().is_none_or(|list| list.len() as f64 >= number().1), "too few".into()),
            "maxItems" => {
                expect(value.as_array().is_none_or(|list| list.len() as f64 <= number().1), "too many".into())
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    parts.push((rule, item, format!("{place}[{index}]")));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    expect(
                        !value.is_object() || value.get(name.as_str().unwrap()).is_some(),
                        format!("{name} is missing"),
                    );
                }
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    match rule.get(name) {
                        Some(schema) => parts.push((schema, field, format!("{place}.{name}"))),
                        None => expect(false, format!("{name} is not described")),
                    }
                }
            }
            _ => panic!("this test does not know the keyword {keyword}"),
        }
    }
    faults.extend(parts.into_iter().flat_map(|(schema, value, place)| self::faults(schema, value, root, &place)));
    faults
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => panic!("this test does not know the type {name}"),
    }
}
