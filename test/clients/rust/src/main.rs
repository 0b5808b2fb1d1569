//! Encrypts, meets errors and lists pages, with types that graphql_client made of docs/operations.

use create_user_key::CreateUserKeyCreateUserKey as Created;
use decrypt::DecryptDecrypt as Decrypted;
use encrypt::EncryptEncrypt as Encrypted;
use graphql_client::{GraphQLQuery, Response};
use serde::Serialize;
use std::env;

// Scalars of the schema.
type Base64 = String;
type Count = i64;
type DateTime = String;
type KeyRef = String;
type SubjectRef = String;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../../../schema.graphql",
    query_path = "generated/operations.graphql",
    response_derives = "Debug"
)]
struct CreateUserKey;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../../../schema.graphql",
    query_path = "generated/operations.graphql",
    response_derives = "Debug"
)]
struct Encrypt;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../../../schema.graphql",
    query_path = "generated/operations.graphql",
    response_derives = "Debug"
)]
struct Decrypt;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "../../../schema.graphql",
    query_path = "generated/operations.graphql",
    response_derives = "Debug"
)]
struct UserKeys;

/// Sends one operation.
fn ask<Q: GraphQLQuery>(token: &str, variables: Q::Variables) -> Response<Q::ResponseData>
where
    Q::Variables: Serialize,
{
    let body = serde_json::to_string(&Q::build_query(variables)).unwrap();
    let answer = minreq::post(format!("{}/graphql", env::var("KEYSTEAD_URL").unwrap()))
        .with_header("Authorization", format!("Bearer {}", env::var(token).unwrap()))
        .with_header("Content-Type", "application/json")
        .with_body(body)
        .send()
        .unwrap();
    let text = answer.as_str().unwrap();
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn create(name: &str) -> Created {
    let input = create_user_key::CreateUserKeyInput {
        name: name.into(),
        description: None,
        labels: None,
        decryptable_in_graph: None,
        pre_activation: None,
        origin: None,
        type_: None,
        usage: None,
        algorithm: None,
        automatic_rotation: None,
        access_control: None,
    };
    let answer = ask::<CreateUserKey>("OWNER_TOKEN", create_user_key::Variables { input });
    answer.data.expect("data").create_user_key.unwrap()
}

fn encrypt(token: &str, key: &str, plaintext: &str) -> Encrypted {
    let input = encrypt::EncryptInput {
        key: key.into(),
        plaintext: plaintext.into(),
        additional_authenticated_data: None,
        context: None,
    };
    let answer = ask::<Encrypt>(token, encrypt::Variables { input });
    answer.data.expect("data").encrypt.unwrap()
}

fn page(token: &str, after: Option<String>) -> Response<user_keys::ResponseData> {
    let filter = user_keys::UserKeyFilter {
        name_prefix: Some("rust-".into()),
        search: None,
        labels: None,
        owner: None,
        origin: None,
        version_status: None,
        next_rotation_before: None,
        destruction_scheduled_before: None,
        unused_since: None,
        never_used: None,
        can_protect: None,
        near_encryption_limit: None,
        status: None,
        algorithm: None,
        access_control_enabled: None,
        automatic_rotation_enabled: None,
        created_by: None,
        created_after: None,
        created_before: None,
        type_: None,
        usage: None,
    };
    let variables = user_keys::Variables {
        first: Some(2),
        after,
        filter: Some(filter),
        order_by: None,
    };
    ask::<UserKeys>(token, variables)
}

fn main() {
    for number in 1..=3 {
        let created = create(&format!("rust-{number}"));
        assert!(matches!(created, Created::CreateUserKeyPayload(_)), "{created:?}");
    }

    // Bytes there and back.
    let plaintext = "Zm91ciBzY29yZSBhbmQgc2V2ZW4=";
    let Encrypted::EncryptPayload(sealed) = encrypt("OWNER_TOKEN", "rust-1", plaintext) else {
        panic!("not encrypted");
    };
    assert_eq!(sealed.version_number, 1);
    let input = decrypt::DecryptInput {
        ciphertext: sealed.ciphertext,
        key: None,
        version: None,
        encryption_algorithm: None,
        additional_authenticated_data: None,
        context: None,
    };
    let opened = ask::<Decrypt>("OWNER_TOKEN", decrypt::Variables { input });
    match opened.data.expect("data").decrypt.unwrap() {
        Decrypted::DecryptPayload(opened) => assert_eq!(opened.plaintext, plaintext),
        other => panic!("{other:?}"),
    }

    // Errors that the caller can act on have types.
    match create("rust-1") {
        Created::NameTakenError(taken) => assert_eq!(taken.name, "rust-1"),
        other => panic!("{other:?}"),
    }
    let refused = encrypt("STRANGER_TOKEN", "rust-1", plaintext);
    assert!(matches!(refused, Encrypted::ForbiddenError(_)), "{refused:?}");
    let refusal = page("STRANGER_TOKEN", None).errors.unwrap().remove(0);
    assert_eq!(refusal.extensions.unwrap()["code"], "FORBIDDEN");

    // Pages.
    let mut names = vec![];
    let mut after = None;
    loop {
        let keys = page("OWNER_TOKEN", after).data.expect("data").user_keys.unwrap();
        names.extend(keys.nodes.into_iter().map(|key| key.name));
        if !keys.page_info.has_next_page {
            break;
        }
        after = keys.page_info.end_cursor;
    }
    assert_eq!(names, ["rust-3", "rust-2", "rust-1"]);

    println!("graphql_client: done");
}
