//! Takes the operations that the program sends from docs/operations into a file of their own: graphql_client sends the
//! whole file with every request.

use std::fs;

fn main() {
    let mut taken = String::new();
    for kind in ["mutations", "queries"] {
        let path = format!("../../../docs/operations/{kind}.graphql");
        println!("cargo::rerun-if-changed={path}");
        let text = fs::read_to_string(path).unwrap();
        for operation in text.split_inclusive("\n}\n") {
            let names = ["mutation CreateUserKey(", "mutation Encrypt(", "mutation Decrypt(", "query UserKeys("];
            if names.iter().any(|name| operation.contains(name)) {
                taken.push_str(operation);
            }
        }
    }
    fs::create_dir_all("generated").unwrap();
    fs::write("generated/operations.graphql", taken).unwrap();
}
