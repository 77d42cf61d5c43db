use super::client::{self, Answer};
use super::screen::Screen;
use super::stage::Stage;
use super::{DemoFault, story};

/// Configures the gateway with the three calls that a user of Kong would make.
pub(super) async fn configure(screen: &Screen, stage: &Stage) -> Result<(), DemoFault> {
    screen.heading("The gateway is configured by three calls to its Admin API");
    let gateway = &stage.credentials.gateway;
    let upstream = format!("http://{}/anything", stage.upstream);
    let calls: [(&str, Vec<(&str, &str)>); 3] = [
        ("/services", vec![("name", story::SERVICE), ("url", &upstream)]),
        ("/services/demo/routes", vec![("name", "demo"), ("paths[]", "/")]),
        (
            "/services/demo/plugins",
            vec![
                ("name", "openid-connect"),
                ("config.issuer", stage.provider.issuer()),
                ("config.client_id", gateway.name),
                ("config.client_secret", &gateway.secret),
                ("config.auth_methods[]", "bearer"),
                ("config.auth_methods[]", "introspection"),
                ("config.proof_of_possession_dpop", "strict"),
                ("config.display_errors", "true"),
            ],
        ),
    ];
    let http = client::http()?;
    for (path, form) in calls {
        let url = format!("http://{}{path}", stage.admin);
        let Answer { status, body, .. } = client::post_form(&http, &url, &form, &[]).await?;
        screen.call(path, &form, status);
        if status != 201 {
            return Err(DemoFault::Answer { what: format!("POST {path}"), status, body });
        }
    }
    Ok(())
}
