use keybound_model::entity::SERVICES;
use keybound_store::config::StoreFault;
use serde_json::json;

use crate::lab::{Home, Lab};

each_database! {
    a_database_of_a_newer_version_is_refused_and_left_alone,
    a_database_of_the_first_version_keeps_its_records,
    a_reset_leaves_nothing,
}

async fn a_database_of_a_newer_version_is_refused_and_left_alone(lab: Lab) {
    lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    set_schema(&lab.home, 99).await;
    let (fault, home) = lab.reopen(None).await.err().unwrap();
    let wanted = "schema 99 is not known to this version, which writes schema 2: use the version that made it, or a newer one";
    assert!(matches!(&fault, StoreFault::Engine(text) if text.ends_with(wanted)), "{fault}");
    assert_eq!(home.up().await, Err(fault.clone()));
    assert_eq!(home.reset().await, Err(fault));
    set_schema(&home, 2).await;
    let store = home.open(None).await.unwrap();
    assert_eq!(store.load().await.unwrap().configuration.services.len(), 1);
}

async fn a_database_of_the_first_version_keeps_its_records(lab: Lab) {
    let service = lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    lab.home.sql("DROP TABLE store_secrets").await.unwrap();
    lab.home.sql("ALTER TABLE records DROP COLUMN sealed_by").await.unwrap();
    set_schema(&lab.home, 1).await;
    let status = lab.home.status().await.unwrap();
    assert_eq!((status.schema, status.executed.len(), status.pending.len()), (1, 1, 1));
    assert_eq!(status.pending[0].name, "sealing");
    let lab = lab.reopen(None).await.map_err(|(fault, _)| fault).unwrap();
    assert_eq!(lab.get(&SERVICES, &service).await, Some(service));
    assert_eq!(lab.home.status().await.unwrap().pending, []);
}

async fn a_reset_leaves_nothing(lab: Lab) {
    lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    lab.store.close().await;
    let home = lab.home;
    assert_eq!(home.reset().await, Ok(true));
    assert_eq!(home.status().await.unwrap().schema, 0);
    assert_eq!(home.reset().await, Ok(false));
    let made: Vec<&str> = home.up().await.unwrap().iter().map(|migration| migration.name).collect();
    assert_eq!(made, ["records", "sealing"]);
    assert_eq!(home.up().await.unwrap(), []);
    let versioned = home.open(None).await.unwrap().load().await.unwrap();
    assert_eq!((versioned.version, versioned.configuration.services.len()), (0, 0));
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_database_do_not_collide() {
    let home = Home::postgres();
    let made = futures_util::future::join_all((0..4).map(|_| home.up())).await;
    let made: Vec<usize> = made.into_iter().map(|made| made.unwrap().len()).collect();
    assert_eq!(made.iter().sum::<usize>(), 2, "{made:?}");
    assert_eq!(made.iter().filter(|count| **count == 0).count(), 3, "{made:?}");
    let stores = futures_util::future::join_all((0..4).map(|_| home.open(None))).await;
    assert!(stores.into_iter().all(|store| store.is_ok()));
}

async fn set_schema(home: &Home, number: i64) {
    let sql = match home {
        Home::Sqlite(..) => format!("PRAGMA user_version = {number}"),
        Home::Postgres(_) => format!("UPDATE keybound_schema SET number = {number}"),
    };
    home.sql(&sql).await.unwrap();
}
