//! The server: routes, sockets' options, start and stop.

use std::any::Any;
use std::net::TcpStream as TcpHandle;
use std::sync::Arc;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::{Extensions, Server as ActixServer};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpRequest, HttpServer, ResponseError, web};
use socket2::SockRef;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::error::Problem;
use super::named::named;
use super::tls::ServeError;
use super::ws::SharedStream;
use super::{Api, api, bars, health, instruments, market, page, tls, trades, ws};

/// Data that a peer does not acknowledge for so long ends its connection.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);
const STOP_WITHIN_S: u64 = 5;

/// A running server.
pub type Server = ActixServer;

/// Starts serving on the settings' address.
///
/// # Errors
///
/// [`ServeError`] where the address cannot be bound, or the certificate cannot be used.
pub fn serve(api: Api) -> Result<Server, ServeError> {
    let bind = api.settings.http.bind.clone();
    let workers = api.settings.http.workers;
    let sessions = api.settings.limits.sessions_max;
    let tls = tls::of_clients(&api.settings.http)?;
    let data = web::Data::new(api);
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).wrap(from_fn(named)).configure(routes)
    })
    .workers(workers)
    .tcp_nodelay(true)
    .max_connections(sessions + 1_000)
    .shutdown_timeout(STOP_WITHIN_S)
    .disable_signals()
    .on_connect(share_socket);
    let bound = match tls {
        Some(tls) => server.bind_rustls_0_23(&bind, tls),
        None => server.bind(&bind),
    };
    Ok(bound.map_err(|source| ServeError::Bind { bind, source })?.run())
}

fn routes(config: &mut web::ServiceConfig) {
    let get = |handler: actix_web::Route| {
        web::resource("").route(handler).default_service(web::to(wrong_method))
    };
    let at = |path: &str, route: actix_web::Route| web::scope(path).service(get(route));
    let query = web::QueryConfig::default()
        .error_handler(|error, _| Problem::bad_parameter(error.to_string()).into());
    config
        .app_data(query)
        .service(page_at("/", page::index))
        .service(page_at("/{file}.txt", page::file))
        .service(page_at("/assets/{file}", page::file))
        .service(at("/api/openapi.json", web::get().to(api::openapi)))
        .service(web::redirect("/api/docs", "/api/docs/"))
        .service(SwaggerUi::new("/api/docs/{_:.*}").config(Config::from("/api/openapi.json")))
        .service(at("/healthz", web::get().to(health::alive)))
        .service(at("/readyz", web::get().to(health::ready)))
        .service(at("/metrics", web::get().to(health::counted)))
        .service(at("/ws", web::get().to(ws::open)))
        .service(at("/api/v1/instruments", web::get().to(instruments::instruments)))
        .service(at("/api/v1/quotes", web::get().to(market::quotes)))
        .service(at("/api/v1/stats", web::get().to(market::stats)))
        .service(at("/api/v1/book", web::get().to(market::book)))
        .service(at("/api/v1/trades", web::get().to(trades::trades)))
        .service(at("/api/v1/bars", web::get().to(bars::bars)))
        .default_service(web::to(nothing));
}

/// A part of the page: read only.
fn page_at<F, Answer>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<(HttpRequest,), Output = Answer> + Copy,
    Answer: actix_web::Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler))
        .route(web::head().to(handler))
        .default_service(web::to(wrong_method))
}

async fn nothing(request: HttpRequest) -> actix_web::HttpResponse {
    Problem::not_found(request.path()).error_response()
}

async fn wrong_method(request: HttpRequest) -> actix_web::HttpResponse {
    Problem::method_not_allowed(request.method().as_str()).error_response()
}

/// Keeps a second handle on each connection's socket, so that it can be cut while the session
/// that owns it stands still.
fn share_socket(connection: &dyn Any, extensions: &mut Extensions) {
    let encrypted = || Some(connection.downcast_ref::<TlsStream<TcpStream>>()?.get_ref().0);
    let plain = connection.downcast_ref::<TcpStream>();
    let Some(stream) = plain.or_else(encrypted) else { return };
    let socket = SockRef::from(stream);
    if let Err(error) = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT");
    }
    let stream: Option<TcpHandle> = socket.try_clone().ok().map(Into::into);
    extensions.insert(SharedStream(stream.map(Arc::new)));
}
