<?php

// The story, told by the generated client; every step builds on those before it.

declare(strict_types=1);

use GuzzleHttp\Client;
use Panal\Api\CustomersApi;
use Panal\Api\CustomerTemplatesApi;
use Panal\Api\InvoicesApi;
use Panal\ApiException;
use Panal\Configuration;
use Panal\Model\Address;
use Panal\Model\CreateCustomerRequest;
use Panal\Model\CreateInvoiceRequest;
use Panal\Model\Customer;
use Panal\Model\CustomerEnvelope;
use Panal\Model\CustomerListEnvelope;
use Panal\Model\CustomerSortField;
use Panal\Model\ErrorCode;
use Panal\Model\ErrorDetail;
use Panal\Model\ErrorEnvelope;
use Panal\Model\InvoiceEnvelope;
use Panal\Model\InvoiceLineRequest;
use Panal\Model\InvoiceStatus;
use Panal\Model\InvoiceType;
use Panal\Model\Recipient;
use Panal\Model\SortOrder;
use Panal\Model\TaxInfo;
use Panal\Model\TaxType;

require __DIR__ . '/autoload.php';

// The default, 1 and 0, is refused: the contract has true and false.
Configuration::getDefaultConfiguration()->setBooleanFormatForQueryString(Configuration::BOOLEAN_FORMAT_STRING);

function configuration(string $key): Configuration
{
    return (new Configuration())->setHost((string) getenv('PANAL_URL'))->setAccessToken($key);
}

function address(): Address
{
    return (new Address())->setStreet('Calle Mayor')->setNumber('12')->setPostalCode('28013')
        ->setCity('Madrid')->setProvince('Madrid')->setCountry('España');
}

function nandu(): CreateCustomerRequest
{
    return (new CreateCustomerRequest())->setLegalName('Panadería Ñandú S.L.')->setNif('B12345674')
        ->setAddress(address())->setGeneralDiscount(5.5);
}

function create(CustomersApi $customers, CreateCustomerRequest $request): Customer
{
    $answer = $customers->createCustomer($request);
    assert($answer instanceof CustomerEnvelope);
    return $answer->getData();
}

/** What a refused call answers. */
function refusal(int $status, ErrorCode $code, Closure $call): ApiException
{
    try {
        $call();
    } catch (ApiException $refusal) {
        assert($refusal->getCode() === $status);
        assert(error($refusal)->getCode() === $code);
        return $refusal;
    }
    throw new AssertionError("not refused with {$code->value}");
}

function error(ApiException $refusal): ErrorDetail
{
    $answer = $refusal->getResponseObject();
    assert($answer instanceof ErrorEnvelope);
    return $answer->getError();
}

/**
 * What is wrong with a body, by field: the generator leaves out properties that a
 * schema does not list, but the exception keeps the text of the answer.
 *
 * @return array<string, string>
 */
function faults(ApiException $refusal): array
{
    return json_decode((string) $refusal->getResponseBody(), true, flags: JSON_THROW_ON_ERROR)['error']['details'];
}

$configuration = configuration((string) getenv('PANAL_KEY'));
$customers = new CustomersApi(new Client(), $configuration);
$invoices = new InvoicesApi(new Client(), $configuration);

// A wrong key is refused with a typed code.
$stranger = new CustomersApi(new Client(), configuration('beel_sk_test_wrong'));
refusal(401, ErrorCode::UNAUTHORIZED, fn() => $stranger->listCustomers());

// A created customer comes back typed.
$customer = create($customers, nandu());
assert($customer->getLegalName() === 'Panadería Ñandú S.L.');
assert($customer->getGeneralDiscount() === 5.5);
assert($customer->getAlternativeId() === null);
assert($customer->getActive());
assert($customer->getAddress()->getCountryCode() === 'ES');

// Filters, order and page are parameters of the list.
$answer = $customers->listCustomers(
    limit: 5, active: true, search: 'nandu', sortBy: CustomerSortField::CREATED_AT, sortOrder: SortOrder::DESC,
);
assert($answer instanceof CustomerListEnvelope);
$list = $answer->getData();
assert(array_map(fn(Customer $found) => $found->getId(), $list->getCustomers()) === [$customer->getId()]);
assert($list->getPagination()->getTotalItems() === 1);
assert($list->getPagination()->getItemsPerPage() === 5);
assert(!$list->getPagination()->getHasNext());

// A draft's totals are exact to the cent.
$answer = $invoices->createInvoice((new CreateInvoiceRequest())
    ->setType(InvoiceType::STANDARD)
    ->setRecipient((new Recipient())->setCustomerId($customer->getId()))
    ->setLines([(new InvoiceLineRequest())->setDescription('Pan de molde')->setQuantity(3.333)->setUnitPrice(0.1234)
        ->setMainTax((new TaxInfo())->setType(TaxType::IVA)->setPercentage(4))]));
assert($answer instanceof InvoiceEnvelope);
$invoice = $answer->getData();
assert($invoice->getStatus() === InvoiceStatus::DRAFT);
assert($invoice->getInvoiceNumber() === null);
assert($invoice->getLines()[0]->getUnitPrice() === 0.1234);
assert($invoice->getTotals()->getTaxableBase() === 0.41);
assert($invoice->getTotals()->getTotalVat() === 0.02);
assert($invoice->getTotals()->getInvoiceTotal() === 0.43);

// A refused deactivation names its blockers.
$details = error(refusal(400, ErrorCode::CLIENT_HAS_INVOICES,
    fn() => $customers->deactivateCustomer($customer->getId())))->getDetails();
assert($details?->getInvoiceCount() === 1);
assert($details->getInvoices()[0]->getId() === $invoice->getId());
assert($details->getInvoices()[0]->getStatus() === InvoiceStatus::DRAFT);
assert($details->getHint() !== '');

// Without the draft the customer is deactivated and gone.
assert($invoices->deleteInvoiceWithHttpInfo($invoice->getId())[1] === 204);
assert($customers->deactivateCustomerWithHttpInfo($customer->getId())[1] === 200);
refusal(404, ErrorCode::NOT_FOUND, fn() => $customers->getCustomer($customer->getId()));

// The tax number of a deactivated customer is free again.
assert(create($customers, nandu())->getId() !== $customer->getId());

// A repetition under an idempotency key has no effect and says so.
$lucia = (new CreateCustomerRequest())->setLegalName('Lucía García Peña')->setNif('12345678Z')->setAddress(address());
[$first, , $headers] = $customers->createCustomerWithHttpInfo($lucia, 'story-1');
assert(!array_key_exists('Idempotency-Replay', $headers));
[$second, , $headers] = $customers->createCustomerWithHttpInfo($lucia, 'story-1');
assert($headers['Idempotency-Replay'] === ['true']);
assert($first instanceof CustomerEnvelope && $second instanceof CustomerEnvelope);
assert($first->getData()->getId() === $second->getData()->getId());

// Faults of a body are readable by field. Its setter would refuse an empty name before it is sent.
$nameless = new CreateCustomerRequest(['legalName' => '', 'nif' => 'B12345675', 'address' => address()]);
$faults = faults(refusal(422, ErrorCode::VALIDATION_ERROR, fn() => $customers->createCustomer($nameless)));
assert(array_keys($faults) === ['legal_name', 'nif']);
$mistyped = (new CreateCustomerRequest())->setLegalName('Horno S.L.')->setNif('B12345675')->setAddress(address());
refusal(422, ErrorCode::NIF_INVALID_CONTROL_DIGIT, fn() => $customers->createCustomer($mistyped));

// A file comes as it is, byte order mark and all.
$template = (new CustomerTemplatesApi(new Client(), $configuration))->downloadCustomerTemplateCsv();
assert($template instanceof SplFileObject);
assert(str_starts_with($template->current(), "\u{FEFF}nombre_fiscal;nif;"));
unlink($template->getPathname());
