"""Service Quotas, as far as an experiment asks: how many model units the account may have without commitment."""

from local.bedrock.account import Account
from local.bedrock.errors import not_found
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings

MODEL_UNITS = "Model units no-commitment Provisioned Throughputs across custom models"
# AWS does not publish the real code where we could read it: look a quota up by its name.
_MODEL_UNITS_CODE = "L-LOCAL001"


class Quotas:
    def __init__(self, account: Account, settings: Settings) -> None:
        self._account = account
        self._settings = settings
        self.operations = {
            "ListServiceQuotas": self._list,
            "ListAWSDefaultServiceQuotas": self._list_defaults,
            "GetServiceQuota": self._get,
        }

    def _list(self, parameters: Document) -> Document:
        self._check_service(parameters)
        is_asked_for = parameters.get("QuotaCode", _MODEL_UNITS_CODE) == _MODEL_UNITS_CODE
        if not is_asked_for or not self._settings.lists_unchanged_quotas:
            return {"Quotas": []}
        return {"Quotas": [self._model_units()]}

    def _list_defaults(self, parameters: Document) -> Document:
        self._check_service(parameters)
        return {"Quotas": [{**self._model_units(), "Value": 0}]}

    def _get(self, parameters: Document) -> Document:
        self._check_service(parameters)
        if parameters["QuotaCode"] != _MODEL_UNITS_CODE:
            raise not_found(f"The quota {parameters['QuotaCode']} does not exist.")
        return {"Quota": self._model_units()}

    @staticmethod
    def _check_service(parameters: Document) -> None:
        if parameters["ServiceCode"] != "bedrock":
            raise not_found(f"The service {parameters['ServiceCode']} does not exist here.")

    def _model_units(self) -> Document:
        where = f"{self._account.region}:{self._account.id}"
        return {
            "ServiceCode": "bedrock",
            "ServiceName": "Amazon Bedrock",
            "QuotaArn": f"arn:aws:servicequotas:{where}:bedrock/{_MODEL_UNITS_CODE}",
            "QuotaCode": _MODEL_UNITS_CODE,
            "QuotaName": MODEL_UNITS,
            "Value": self._settings.model_units,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
